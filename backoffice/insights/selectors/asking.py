"""What somebody asks of one of the five times: which days, against which, of which part."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Max
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.choices import Origin
from backoffice.insights.choices import Against, Dimension
from backoffice.insights.drivers import SOURCES
from backoffice.insights.models import DailyMetric
from backoffice.insights.selectors.figures import SPANS, shown_origin
from backoffice.insights.services.rollup import company_zone

USUAL_DAYS = 28
ALL_SPANS = (1, *SPANS)


@dataclass(frozen=True, slots=True)
class Question:
    """The `span` days that end with `last`, of one metric and origin; `parts` narrow them.

    `hidden` names the drivers that are not for who asks.
    """

    metric: str
    last: date
    span: int = 1
    origin: str = Origin.LIVE
    against: str = Against.USUAL
    parts: tuple[tuple[str, str], ...] = ()
    hidden: frozenset[str] = frozenset()

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.span - 1)

    @property
    def base_days(self) -> int:
        return USUAL_DAYS if self.against == Against.USUAL else self.span

    @property
    def base_first(self) -> date:
        return self.first - timedelta(days=self.base_days)

    def address(self, **changes: Any) -> str:
        """Return the query of this question with changes."""
        asked = replace(self, **changes)
        values: dict[str, Any] = {
            "day": asked.last.isoformat(),
            "span": asked.span,
            "origin": asked.origin,
            "against": asked.against,
            "part": [f"{driver}:{key}" for driver, key in asked.parts],
        }
        return "?" + urlencode(values, doseq=True)


class DayField(forms.DateField):
    """A day that others can be counted from."""

    default_validators = [
        MinValueValidator(date(1970, 1, 1)),
        MaxValueValidator(date(9000, 1, 1)),
    ]


class QuestionForm(forms.Form):
    """Read a question from an address, refusing what is not known."""

    day = DayField(required=False, label=gettext_lazy("day"))
    span = forms.TypedChoiceField(
        choices=[(days, days) for days in ALL_SPANS],
        coerce=int,
        required=False,
        label=gettext_lazy("days"),
    )
    origin = forms.ChoiceField(choices=Origin.choices, required=False)
    against = forms.ChoiceField(choices=Against.choices, required=False)

    def __init__(
        self, metric: str, data: Any, *, now: datetime, may: Callable[[str], bool]
    ) -> None:
        super().__init__(data)
        self.metric, self.now = metric, now
        needed = {d.name: d.permission for d in drivers_of(metric) if d.permission}
        self.hidden = frozenset(name for name, right in needed.items() if not may(right))

    def clean(self) -> dict[str, Any]:
        given: QueryDict = self.data  # type: ignore[assignment]
        unknown = set(given) - set(self.fields) - {"part", "metric"}
        if unknown:
            names = ", ".join(sorted(unknown))
            raise forms.ValidationError(_("There is no parameter %(names)s.") % {"names": names})
        known = {driver.name for driver in drivers_of(self.metric)} - self.hidden
        parts = [part.partition(":") for part in given.getlist("part")]
        wrong = [name for name, _colon, key in parts if name not in known or "\0" in key]
        if wrong:
            raise forms.ValidationError(
                _("%(metric)s is not told apart by %(names)s; known are %(known)s.")
                % {
                    "metric": self.metric,
                    "names": ", ".join(wrong),
                    "known": ", ".join(sorted(known)),
                }
            )
        self.cleaned_data["parts"] = tuple((name, key) for name, _colon, key in parts)
        return self.cleaned_data

    def question(self) -> Question:
        """Return the question; its day is the newest whole one unless one is named."""
        values = self.cleaned_data
        origin = values["origin"] or shown_origin("")
        return Question(
            self.metric,
            values["day"] or newest_day(self.metric, origin, now=self.now),
            values["span"] or 1,
            origin,
            values["against"] or Against.USUAL,
            values["parts"],
            self.hidden,
        )


def drivers_of(metric: str) -> tuple[Any, ...]:
    """Return what a metric is told apart by; stock's own parts cannot narrow it."""
    return SOURCES[metric].drivers if metric in SOURCES else ()


def newest_day(metric: str, origin: str, *, now: datetime) -> date:
    """Return the newest whole day with measurements, else the newest, else yesterday."""
    today = now.astimezone(ZoneInfo(company_zone())).date()
    days = DailyMetric.objects.filter(
        metric=metric, span=1, dimension=Dimension.ALL, key=0, origin=origin
    )
    whole = days.filter(day__lt=today).aggregate(day=Max("day"))["day"]
    newest: date | None = whole or days.aggregate(day=Max("day"))["day"]
    return newest or today - timedelta(days=1)

"""The page of one of the five times: how long, what is usual, and what drove the change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.choices import Origin
from backoffice.core.extensions import Text
from backoffice.core.scope import is_limited
from backoffice.insights.chart import draw
from backoffice.insights.choices import Against, Metric
from backoffice.insights.drivers import SOURCES
from backoffice.insights.selectors.asking import (
    ALL_SPANS,
    USUAL_DAYS,
    Question,
    QuestionForm,
)
from backoffice.insights.selectors.figures import FROM_TO, SYMBOLS, duration, signed, unit
from backoffice.insights.selectors.holding import answer, lying
from backoffice.insights.selectors.times import Split, Story, shown
from backoffice.ui.grid import amount, grid, link

# Below this, a median says little.
FEW = 30
MEANING: dict[str, Text] = {
    "T_O": gettext_lazy(
        "How long an order waits with us before the warehouse may start: from placing to release."
        " It counts on the day of its release."
    ),
    "T_I": gettext_lazy(
        "For how many days the stock would last: its average value in the last thirty days,"
        " divided by the daily cost of the goods sold."
    ),
    "T_L": gettext_lazy(
        "How long a parcel is on its way: from the handover to the carrier to the delivery."
        " It counts on the day of its delivery."
    ),
    "T_S": gettext_lazy(
        "How long a customer waits for a solution: from opening a ticket to solving it."
        " It counts on the day of its solution."
    ),
    "T_F": gettext_lazy(
        "How long the money of a delivered order takes: from its delivery to its settlement."
        " It counts on the day of the settlement."
    ),
}
# What has begun and is not in the figures yet.
UNDER_WAY = {
    "T_O": ("orders.order", "status=PENDING&status=CONFIRMED"),
    "T_L": ("logistics.parcel", "status=IN_TRANSIT&status=OUT_FOR_DELIVERY&status=EXCEPTION"),
    "T_S": ("support.ticket", "status=NEW&status=OPEN&status=WAITING"),
    "T_F": ("finance.settlementdue", ""),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several ways to look at it."""

    label: Text
    url: str
    is_on: bool


def time_page(request: HttpRequest, site: AdminSite, metric: str) -> HttpResponse:
    """Show one of the five times."""
    metric = metric.upper()
    if metric not in Metric.values:
        raise Http404
    if is_limited() or not request.user.has_perm("insights.view_dailymetric"):  # type: ignore[union-attr]
        raise PermissionDenied
    now = timezone.now()
    context = site.each_context(request) | {
        "title": f"{Metric(metric).label} {SYMBOLS[metric]}",
        "from_to": FROM_TO[metric],
        "meaning": MEANING[metric],
        "metrics": [
            Choice(Metric(m).label, reverse("admin:time", args=[m.lower()]), m == metric)
            for m in Metric.values
        ],
    }
    form = QuestionForm(metric, request.GET, now=now, may=request.user.has_perm)  # type: ignore[union-attr]
    if form.is_valid():
        question = form.question()
        story = answer(question)
        context |= _shown(story) | {"slowest": _slowest(request, story, now)}
        context |= {"under_way": _under_way(request, metric)}
    status = 200 if form.is_valid() else 400
    return TemplateResponse(request, "insights/time.html", context | {"form": form}, status=status)


def _shown(story: Story) -> dict[str, Any]:
    asked = story.question
    measured = asked.metric != Metric.T_I
    size = unit(max(story.after.mean or 0.0, story.before.mean or 0.0))
    below, days = story.slower_than
    return {
        "q": asked,
        "story": story,
        "is_measured": measured,
        "sampled": max(story.every) > 1,
        "sides": [
            (_period(asked), _figures(story.after), True),
            (_base(asked), _figures(story.before), False),
        ],
        "is_few": measured and 0 < story.after.n < FEW,
        "below": below,
        "compared_days": days if measured and story.after.n else 0,
        "change": "" if story.change is None else signed(story.change, size),
        "means": [duration(story.before.mean), duration(story.after.mean)],
        "lead": _lead(story, size),
        "chart": draw(
            story.trend,
            (asked.first, asked.last),
            story.before.median,
            lambda day: asked.address(last=day),
        ),
        "splits": [(split.label, list(_rows(story, split, size))) for split in story.splits],
        "chosen": [
            (driver.label, label, asked.address(parts=tuple(p for p in asked.parts if p != own)))
            for own, (driver, _key, label) in zip(asked.parts, story.parts, strict=True)
        ],
        "earlier": asked.address(last=asked.last - timedelta(days=asked.span)),
        "later": asked.address(last=asked.last + timedelta(days=asked.span)),
        "spans": [
            Choice(_("a day") if n == 1 else _("%(n)s days") % {"n": n}, a, n == asked.span)
            for n, a in ((n, asked.address(span=n)) for n in ALL_SPANS)
        ],
        "againsts": [
            Choice(_before(n), asked.address(against=value), value == asked.against)
            for value, n in ((Against.USUAL, USUAL_DAYS), (Against.PREVIOUS, asked.span))
        ],
        "origins": [
            Choice(label, asked.address(origin=value), value == asked.origin)
            for value, label in Origin.choices
        ],
    }


def _before(days: int) -> str:
    return _("the day before") if days == 1 else _("the %(n)s days before") % {"n": days}


def _period(asked: Question) -> str:
    return f"{asked.last}" if asked.span == 1 else f"{asked.first} – {asked.last}"


def _base(asked: Question) -> str:
    if asked.metric == Metric.T_I:
        return f"{asked.last - timedelta(days=asked.base_days)}"
    return f"{asked.base_first} – {asked.first - timedelta(days=1)}"


def _figures(stat: Any) -> tuple[str, str, str, int]:
    return duration(stat.median), duration(stat.p90), duration(stat.mean), stat.n


def _lead(story: Story, size: Any) -> dict[str, Any] | None:
    """Return the part that did most for the change beyond its share, in its direction."""
    change = story.change or 0.0
    found = [(s.surplus(p), p, s) for s in story.splits for p in s.parts if len(s.parts) > 1]
    same_way = [one for one in found if one[0] * change > 0 and one[1].effect.total * change > 0]
    if not same_way:
        return None
    _surplus, part, split = max(same_way, key=lambda one: abs(one[0]))
    effect = signed(part.effect.total, size)
    return {"driver": split.label, "part": part.label, "effect": effect}


def _rows(story: Story, split: Split, size: Any) -> Iterator[dict[str, Any]]:
    """Yield the lines of a driver's table: shares, medians and effects."""
    asked = story.question
    sums = [sum(getattr(p, side).n for p in split.parts) or 1 for side in ("before", "after")]
    widest = max(abs(p.effect.total) for p in split.parts) or 1.0
    for part in shown(split.parts, _("%(n)s others")):
        is_rest = part not in split.parts
        drills = asked.metric in SOURCES and not is_rest
        own = (split.name, part.key)
        yield {
            "label": part.label,
            "url": asked.address(parts=(*asked.parts, own)) if drills else "",
            "n": part.after.n,
            "shares": [
                f"{getattr(part, side).n / whole:.0%}"
                for side, whole in zip(("before", "after"), sums, strict=True)
            ],
            "medians": [duration(part.before.median), duration(part.after.median)],
            "within": signed(part.effect.within, size),
            "mix": signed(part.effect.mix, size),
            "total": signed(part.effect.total, size),
            "is_slower": part.effect.total > 0,
            "bar": round(abs(part.effect.total) / widest, 3),
        }


def _slowest(request: HttpRequest, story: Story, now: Any) -> dict[str, Any]:
    """Return the documents that took longest, as a table, and the list of the same."""
    if story.question.metric == Metric.T_I:
        return {"title": _("What holds the most value now"), "table": _lying(request, story, now)}
    sources = SOURCES[story.question.metric]
    model = apps.get_model(sources.document)
    rows = model._default_manager.in_bulk([slow.subject_id for slow in story.slowest])
    orders = apps.get_model("orders.order")._default_manager.in_bulk(
        [slow.order_id for slow in story.slowest if slow.order_id]
    )
    label = model._meta.verbose_name
    head = [label] if sources.number else []
    head += [_("order")] if sources.document != "orders.order" else []
    lines = []
    for slow in story.slowest:
        line = [_link(request, rows.get(slow.subject_id))] if sources.number else []
        if sources.document != "orders.order":
            line.append(_link(request, orders.get(slow.order_id)) if slow.order_id else "–")
        local = [timezone.localtime(at) for at in (slow.started_at, slow.ended_at)]
        line += [f"{at:%Y-%m-%d %H:%M}" for at in local]
        lines.append([*line, duration(slow.seconds), " · ".join(slow.traits)])
    table = grid([*head, _("from"), _("to"), _("took"), _("what it was")], lines, _("None."))
    return {"title": _("The slowest"), "table": table}


def _lying(request: HttpRequest, story: Story, now: Any) -> str:
    from inventory.models import Sku

    currency = apps.get_model("core.company")._default_manager.values_list("currency", flat=True)
    own = currency.order_by("pk").first() or ""
    lines = [
        (
            _link(request, Sku(pk=pk, code=code)),
            name,
            warehouse,
            units,
            amount(value, own),
            _("nothing sold") if days is None else f"{days:,.0f} {_('d')}",
        )
        for pk, code, name, warehouse, units, value, days in lying(story.question.origin, now=now)
    ]
    head = [_("SKU"), _("name"), _("warehouse"), _("on hand"), _("value"), _("lasts for")]
    return grid(head, lines, _("None."))


def _link(request: HttpRequest, row: Any) -> Any:
    may = row is not None and request.user.has_perm(  # type: ignore[union-attr]
        f"{row._meta.app_label}.view_{row._meta.model_name}"
    )
    return link(row) if may else str(row or "–")


def _under_way(request: HttpRequest, metric: str) -> str:
    """Return the list of what has begun and not ended, where one may see it."""
    if metric not in UNDER_WAY:
        return ""
    document, query = UNDER_WAY[metric]
    opts = apps.get_model(document)._meta
    if not request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):  # type: ignore[union-attr]
        return ""
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{address}?{query}".rstrip("?")

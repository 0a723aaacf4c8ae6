"""When a ticket is due: the active service levels and their calendars."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from support.business_time import BusinessHours
from support.models import SlaPolicy


@dataclass(frozen=True, slots=True)
class Due:
    """The two clocks of a ticket."""

    first_response_at: datetime
    solution_at: datetime


@dataclass(frozen=True, slots=True)
class Level:
    """One priority's promise; without a policy, a day and a week around the clock."""

    first_response_minutes: int = 24 * 60
    solution_minutes: int = 7 * 24 * 60
    hours: BusinessHours = BusinessHours("UTC", (((0, 1440),),) * 7)  # noqa: RUF009

    def due(self, start: datetime) -> Due:
        """Return when a ticket that starts now is due."""
        return Due(
            self.hours.add(start, self.first_response_minutes),
            self.hours.add(start, self.solution_minutes),
        )

    def prolonged(self, due: datetime, since: datetime, until: datetime) -> datetime:
        """Return a due time after a pause: what was left then is left now.

        A clock that had run out before the pause stays as it was.
        """
        left = self.hours.between(since, due)
        if not left:
            return due
        # A part of a minute counts as one, in the agent's favour.
        return self.hours.add(until, -(-left // timedelta(minutes=1)))


def read_levels() -> dict[str, Level]:
    """Return the active levels by priority, in one query."""
    policies = SlaPolicy.objects.filter(is_active=True).select_related("calendar")
    return {
        p.priority: Level(p.first_response_minutes, p.solution_minutes, p.calendar.hours)
        for p in policies
    }

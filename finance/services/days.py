"""On which day of the books something happened."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from backoffice.core.models import Company


def company_zone() -> ZoneInfo:
    """Return the time zone in which the company's days end."""
    name = Company.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return ZoneInfo(name or "UTC")


def company_day(moment: datetime) -> date:
    """Return the company's day of an instant."""
    return moment.astimezone(company_zone()).date()

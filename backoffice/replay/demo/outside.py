"""The sandbox servers as the demo turns them: how fast the carrier is, which cards fail."""

import logging
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings
from django.db.models import QuerySet

from backoffice.core.actor import transaction
from logistics.choices import ON_THE_WAY
from logistics.models import CarrierAccount, Parcel

logger = logging.getLogger(__name__)
CARRIER = "sandbox"
# A parcel's day at speed 1.
DAY_SECONDS = 60
BATCH = 500


def find_carrier(*, now: datetime) -> None:
    """Write down where the sandbox carrier answers: its port may be another after a restart."""
    url = settings.SANDBOX_CARRIER_URL
    with transaction(now=now, reason="the sandbox was started anew"):
        _account().exclude(base_url=url).update(base_url=url, updated_at=now)


def set_pace(speed: Decimal) -> None:
    """Let the carrier's day pass at this speed, for parcels that it takes from now on."""
    _post(f"{settings.SANDBOX_CARRIER_URL}/control", {"day_seconds": DAY_SECONDS / float(speed)})


def decline_next_card() -> None:
    """Let the provider decline the next card."""
    _post(f"{settings.SANDBOX_PROVIDER_URL}/control", {"decline_payments": 1})


def hand_to_sandbox(*, now: datetime) -> int:
    """Make the parcels of the demo's past known to the carrier; it goes on where they are."""
    away = Parcel.objects.filter(origin="DEMO", account__in=_account(), status__in=ON_THE_WAY)
    rows = away.order_by("pk").values_list(
        "tracking_number",
        "number",
        "service",
        "shipped_at",
        "shipment__warehouse__address__country",
        "shipment__order__ship_to__country",
    )
    parcels = [
        {
            "number": number,
            "key": key,
            "service": service,
            "is_abroad": home != country,
            "sold_at": shipped_at.timestamp(),
        }
        for number, key, service, shipped_at, home, country in rows[:BATCH]
        if shipped_at and shipped_at < now
    ]
    if not parcels:
        return 0
    answer = _post(f"{settings.SANDBOX_CARRIER_URL}/parcels", {"parcels": parcels})
    return int(answer.get("adopted", 0))


def _account() -> QuerySet[CarrierAccount]:
    return CarrierAccount.objects.filter(code=CARRIER, adapter=CARRIER, is_active=True)


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Tell a sandbox server something; one that does not run is left alone."""
    try:
        answer = httpx.post(url, json=body, timeout=5)
        return dict(answer.raise_for_status().json())
    except httpx.HTTPError as error:
        logger.warning("%s does not listen: %s", url, error)
        return {}

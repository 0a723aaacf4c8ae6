"""The sandbox servers as the demo turns them: how fast the carrier is, which cards fail."""

import logging
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings

from logistics.choices import ON_THE_WAY
from logistics.models import CarrierAccount, Parcel

logger = logging.getLogger(__name__)
CARRIER = "sandbox"
# A parcel's day at speed 1.
DAY_SECONDS = 60
BATCH = 500


def set_pace(speed: Decimal) -> None:
    """Let the carrier's day pass at this speed, for parcels that it takes from now on."""
    account = _account()
    if account:
        _post(f"{account.base_url}/control", {"day_seconds": DAY_SECONDS / float(speed)})


def decline_next_card() -> None:
    """Let the provider decline the next card."""
    _post(f"{settings.SANDBOX_PROVIDER_URL}/control", {"decline_payments": 1})


def hand_to_sandbox(*, now: datetime) -> int:
    """Make the parcels of the demo's past known to the carrier; it goes on where they are."""
    account = _account()
    away = Parcel.objects.filter(origin="DEMO", account=account, status__in=ON_THE_WAY)
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
    if account and parcels:
        return int(_post(f"{account.base_url}/parcels", {"parcels": parcels}).get("adopted", 0))
    return 0


def _account() -> CarrierAccount | None:
    return CarrierAccount.objects.filter(adapter=CARRIER, is_active=True).order_by("pk").first()


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Tell a sandbox server something; one that does not run is left alone."""
    try:
        answer = httpx.post(url, json=body, timeout=5)
        return dict(answer.raise_for_status().json())
    except httpx.HTTPError as error:
        logger.warning("%s does not listen: %s", url, error)
        return {}

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

from backoffice.replay.engine import Played
from backoffice.replay.plain import to_command
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder


def test_a_stored_order_is_the_order_that_was_read():
    command = PlaceOrder(
        channel="csv",
        external_id="7",
        placed_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
        currency="EUR",
        customer=CustomerData("c", "Ada", "ada@example.com", "1", "zh"),
        ship_to=AddressData("DE", city="Berlin"),
        bill_to=AddressData("FR", city="Lyon"),
        lines=[LineData(2, "A", unit_price=Decimal("1.50"), tax_rate=Decimal("0.19"))],
        total=Decimal("3.00"),
        priority=5,
        promised_on=date(2026, 1, 9),
    )
    body = json.loads(json.dumps(asdict(command), default=str))

    played = Played(SimpleNamespace(pk=1), "7", command.placed_at, body)  # type: ignore[arg-type]

    assert to_command(played) == command

"""Orders from a CSV file that staff upload: one line per order line."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.imports import Column, Importer, Row, importer
from orders.channels.csv.parser import KNOWN, MOMENTS, NEEDED, ParsedOrder, parse_order
from orders.services.catalogue import read_catalogue
from orders.services.drafts import draft_order
from orders.services.intake import place_orders

# What became of an order is for a replay of the past; here orders are new.
OPTIONAL = [name for name in KNOWN if name not in (*NEEDED, *MOMENTS)]


def parse_rows(rows: Sequence[Row]) -> list[tuple[list[int], ParsedOrder]]:
    """Return each order with the ids of its lines."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.values["channel"], row.values["order"]), []).append(row)
    return [
        (
            [row.id for row in group],
            parse_order(
                key,
                [(r.line, {n: v or "" for n, v in r.values.items()}) for r in group],
                channel=channel,
            ),
        )
        for (channel, key), group in groups.items()
    ]


def check_orders(rows: Sequence[Row]) -> Mapping[int, str]:
    """Say which orders would be refused, and why."""
    parsed = parse_rows(rows)
    catalogue = read_catalogue([p.command for _, p in parsed if p.command])
    refused: dict[int, str] = {}
    for ids, order in parsed:
        reasons = order.reasons
        if order.command is not None:
            reasons = draft_order(order.command, catalogue).reasons
        refused |= dict.fromkeys(ids, " ".join(reasons)) if reasons else {}
    return refused


def load_orders(rows: Sequence[Row], *, now: datetime, reason: str = "") -> Mapping[int, str]:
    """Place the orders; one that is there already stays as it is."""
    parsed = parse_rows(rows)
    refused = {i: " ".join(p.reasons) for ids, p in parsed if p.command is None for i in ids}
    good = [(ids, p.command) for ids, p in parsed if p.command is not None]
    placed = place_orders([command for _, command in good], now=now, reason=reason)
    for n, reasons in placed.refused.items():
        refused |= dict.fromkeys(good[n][0], " ".join(reasons))
    return refused


importer(
    Importer(
        name="orders.order",
        label=_("orders"),
        columns=[
            Column("channel", _("sales channel")),
            *(Column(name, name) for name in NEEDED),
            *(Column(name, name, is_required=False) for name in OPTIONAL),
        ],
        permission="orders.add_order",
        load=load_orders,
        check=check_orders,
        group="order",
    )
)

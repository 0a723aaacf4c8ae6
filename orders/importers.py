"""Orders from a CSV file that staff upload: one line per order line."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.imports.registry import (
    Column,
    Importer,
    Row,
    Verdict,
    importer,
    refused,
)
from backoffice.core.models.imports import RowEffect
from orders.channels.csv.parser import KNOWN, MOMENTS, NEEDED, ParsedOrder, parse_order
from orders.services.catalogue import read_catalogue
from orders.services.drafts import draft_order
from orders.services.intake import place_orders, placed_ids

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


def check_orders(rows: Sequence[Row]) -> Mapping[int, Verdict]:
    """Say which orders would be refused, and why, and which are there already."""
    parsed = parse_rows(rows)
    commands = [order.command for _ids, order in parsed if order.command]
    catalogue, known = read_catalogue(commands), placed_ids(commands)
    found: dict[int, Verdict] = {}
    for ids, order in parsed:
        reasons = order.reasons
        if order.command is not None:
            if (order.command.channel, order.command.external_id) in known:
                found |= dict.fromkeys(ids, Verdict(RowEffect.UNCHANGED))
                continue
            reasons = draft_order(order.command, catalogue).reasons
        found |= refused(ids, " ".join(reasons)) if reasons else {}
    return found


def load_orders(rows: Sequence[Row], *, now: datetime, reason: str = "") -> Mapping[int, Verdict]:
    """Place the orders; one that is there already stays as it is."""
    found: dict[int, Verdict] = {}
    good = []
    for ids, order in parse_rows(rows):
        if order.command is None:
            found |= refused(ids, " ".join(order.reasons))
        else:
            good.append((ids, order.command))
    placed = place_orders([command for _, command in good], now=now, reason=reason)
    for n, (ids, _command) in enumerate(good):
        if n in placed.refused:
            found |= refused(ids, " ".join(placed.refused[n]))
        else:
            effect = RowEffect.NEW if n in placed.created else RowEffect.UNCHANGED
            found |= dict.fromkeys(ids, Verdict(effect))
    return found


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

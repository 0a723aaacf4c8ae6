"""Reads the public Olist files as they are; pure."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from backoffice.replay.facts import SourceFact, Stage

Row = dict[str, str]
# Olist's clocks show the time of São Paulo; the files name no zone.
ZONE = ZoneInfo("America/Sao_Paulo")
FILES = {
    "orders": "olist_orders_dataset.csv",
    "items": "olist_order_items_dataset.csv",
    "payments": "olist_order_payments_dataset.csv",
    "reviews": "olist_order_reviews_dataset.csv",
    "customers": "olist_customers_dataset.csv",
    "products": "olist_products_dataset.csv",
    "sellers": "olist_sellers_dataset.csv",
    "categories": "product_category_name_translation.csv",
}
CANCELLED = ("canceled", "unavailable")


class MissingFileError(FileNotFoundError):
    """A file of the data set is not there."""


def read_files(folder: Path) -> dict[str, list[Row]]:
    """Read every file of the data set, all values as text."""
    missing = [name for name in FILES.values() if not (folder / name).is_file()]
    if missing:
        raise MissingFileError(f"{folder} lacks {', '.join(missing)}: unpack the data set there.")
    tables = {}
    for key, name in FILES.items():
        with open(folder / name, encoding="utf-8-sig", newline="") as lines:
            tables[key] = list(csv.DictReader(lines))
    return tables


def instant(text: str) -> datetime | None:
    """Return a timestamp of the files as an instant, None for an empty one."""
    if not text:
        return None
    local = datetime.fromisoformat(text).replace(tzinfo=ZONE)
    return local.astimezone(UTC)


def sku_code(product_id: str, seller_id: str) -> str:
    """Return the code of what one seller sells of one product."""
    return f"{product_id[:16]}-{seller_id[:12]}"


def facts(tables: dict[str, list[Row]]) -> Iterator[SourceFact]:
    """Return all facts of the data set, with the reason where one cannot be true."""
    items: dict[str, list[Row]] = defaultdict(list)
    for row in tables["items"]:
        items[row["order_id"]].append(row)
    payments: dict[str, list[Row]] = defaultdict(list)
    for row in tables["payments"]:
        payments[row["order_id"]].append(row)
    customers = {row["customer_id"]: row for row in tables["customers"]}
    orders = {row["order_id"]: row for row in tables["orders"]}
    for order in orders.values():
        yield _placing(order, items[order["order_id"]], customers.get(order["customer_id"], {}))
        yield from _paying(order, payments[order["order_id"]])
        yield from _moving(order)
    for review in tables["reviews"]:
        yield _review(review, orders)


def _placing(order: Row, items: list[Row], customer: Row) -> SourceFact:
    return SourceFact(
        Stage.PLACE,
        order["order_id"],
        order["order_id"],
        instant(order["order_purchase_timestamp"]),
        {"order": order, "items": items, "customer": customer},
        "" if items else f"{order['order_status']} order without lines",
    )


def _paying(order: Row, payments: list[Row]) -> Iterator[SourceFact]:
    placed = instant(order["order_purchase_timestamp"])
    approved = instant(order["order_approved_at"])
    for row in payments:
        refusal = ""
        if approved is None:
            refusal = "payment without an approval time"
        elif placed and approved < placed:
            refusal = "payment approved before the order was placed"
        elif row["payment_type"] == "not_defined":
            refusal = "payment of no defined type"
        key = f"{row['order_id']}#{row['payment_sequential']}"
        yield SourceFact(Stage.PAY, key, row["order_id"], approved, {"payment": row}, refusal)


def _moving(order: Row) -> Iterator[SourceFact]:
    key, status = order["order_id"], order["order_status"]
    approved = instant(order["order_approved_at"])
    handed = instant(order["order_delivered_carrier_date"])
    delivered = instant(order["order_delivered_customer_date"])
    body: dict[str, Any] = {"order": order}
    if handed is not None:
        refusal = ""
        if handed < (instant(order["order_purchase_timestamp"]) or handed):
            refusal = "handed to the carrier before the order was placed"
        elif approved is not None and handed < approved:
            refusal = "handed to the carrier before the payment was approved"
        yield SourceFact(Stage.HAND_OVER, key, key, handed, body, refusal)
    elif status in ("shipped", "delivered"):
        yield SourceFact(
            Stage.HAND_OVER, key, key, None, body, f"{status} without a hand-over date"
        )
    if delivered is not None:
        refusal = ""
        if handed is None:
            refusal = "delivered without a hand-over"
        elif delivered < handed:
            refusal = "delivered before it was handed to the carrier"
        yield SourceFact(Stage.DELIVER, key, key, delivered, body, refusal)
    elif status == "delivered":
        yield SourceFact(Stage.DELIVER, key, key, None, body, "delivered without a date")
    if status in CANCELLED:
        # The files give no time of cancelling: the last time known of the order stands for it.
        known = [t for t in (instant(order["order_purchase_timestamp"]), approved) if t]
        refusal = "cancelled after it had been handed to the carrier" if handed else ""
        yield SourceFact(Stage.CANCEL, key, key, max(known), body, refusal)


def _review(review: Row, orders: dict[str, Row]) -> SourceFact:
    key = f"{review['review_id']}#{review['order_id']}"
    at = instant(review["review_answer_timestamp"])
    refusal = ""
    if review["order_id"] not in orders:
        refusal = "review of an order that the files do not hold"
    elif at is None:
        refusal = "review without an answer time"
    return SourceFact(Stage.REVIEW, key, review["order_id"], at, {"review": review}, refusal)

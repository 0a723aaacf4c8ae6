"""Plays Olist's facts: a marketplace whose sellers ship."""

from datetime import datetime
from decimal import Decimal
from functools import partial

from backoffice.core.actor import transaction
from backoffice.core.sql import insert_rows
from backoffice.replay import stages
from backoffice.replay.engine import Played, StagePlayer
from backoffice.replay.facts import Stage
from backoffice.replay.olist.parser import ZONE, Row, instant, sku_code
from finance.choices import PaymentStatus
from finance.services.commands import RecordPayment
from inventory.models import Product, Seller, Sku
from logistics.models import Carrier, CarrierAccount
from orders.choices import LineKind
from orders.models import SalesChannel
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder
from support.services.commands import RecordSurvey

CHANNEL = "olist"
CURRENCY = "BRL"


def create_masters(tables: dict[str, list[Row]], *, now: datetime) -> CarrierAccount:
    """Create channel, carrier, sellers, products and SKUs that are missing."""
    SalesChannel.objects.get_or_create(
        code=CHANNEL,
        defaults={
            "name": "Olist",
            "currency": CURRENCY,
            "time_zone": ZONE.key,
            "unpaid_expiry_hours": None,
        },
    )
    carrier, _ = Carrier.objects.get_or_create(code=CHANNEL, defaults={"name": "Olist's carriers"})
    account, _ = CarrierAccount.objects.get_or_create(
        code=CHANNEL, defaults={"name": "Olist", "carrier": carrier, "adapter": "manual"}
    )
    names = {
        r["product_category_name"]: r["product_category_name_english"] for r in tables["categories"]
    }
    with transaction(now=now, reason="import"):
        _insert_sellers(tables["sellers"])
        _insert_products(tables["products"], names)
        _insert_skus(tables["items"])
    return account


def _insert_sellers(rows: list[Row]) -> None:
    insert_rows(
        Seller,
        {
            "code": [r["seller_id"] for r in rows],
            "name": [f"{r['seller_city']} {r['seller_id'][:6]}" for r in rows],
        },
        constants={"currency": CURRENCY, "time_zone": ZONE.key},
        on_conflict="ON CONFLICT DO NOTHING",
    )


def _insert_products(rows: list[Row], names: dict[str, str]) -> None:
    categories = [names.get(r["product_category_name"], r["product_category_name"]) for r in rows]
    insert_rows(
        Product,
        {
            "code": [r["product_id"] for r in rows],
            "name": [f"{c} {r['product_id'][:6]}" for c, r in zip(categories, rows, strict=True)],
            "category": categories,
        },
        on_conflict="ON CONFLICT DO NOTHING",
    )


def _insert_skus(items: list[Row]) -> None:
    pairs = sorted({(r["product_id"], r["seller_id"]) for r in items})
    products = dict(Product.objects.values_list("code", "pk"))
    sellers = dict(Seller.objects.values_list("code", "pk"))
    names = dict(Product.objects.values_list("code", "name"))
    pairs = [p for p in pairs if p[0] in products and p[1] in sellers]
    insert_rows(
        Sku,
        {
            "code": [sku_code(*p) for p in pairs],
            "product_id": [products[p] for p, _ in pairs],
            "seller_id": [sellers[s] for _, s in pairs],
            "name": [names[p] for p, _ in pairs],
        },
        constants={"stock_policy": "UNTRACKED"},
        on_conflict="ON CONFLICT DO NOTHING",
    )


def players(account: CarrierAccount) -> dict[Stage, StagePlayer]:
    """Return who plays which stage."""
    return {
        Stage.PLACE: partial(stages.place, to_command=to_command),
        Stage.PAY: partial(stages.pay, channel=CHANNEL, to_payment=to_payment),
        Stage.CANCEL: partial(stages.cancel, channel=CHANNEL),
        Stage.HAND_OVER: partial(stages.hand_over, channel=CHANNEL, account=account),
        Stage.DELIVER: partial(stages.deliver, channel=CHANNEL, account=account),
        Stage.REVIEW: partial(stages.review, channel=CHANNEL, to_survey=to_survey),
    }


def to_command(played: Played) -> PlaceOrder:
    """Return an Olist order as one of ours: one line an item, its freight beside it."""
    order, customer = played.body["order"], played.body["customer"]
    lines = []
    for item in played.body["items"]:
        sku = sku_code(item["product_id"], item["seller_id"])
        price, freight = Decimal(item["price"]), Decimal(item["freight_value"])
        key = item["order_item_id"]
        lines.append(LineData(1, sku, unit_price=price, tax_rate=Decimal(0), external_id=key))
        if freight:
            lines.append(
                LineData(
                    kind=LineKind.SHIPPING,
                    unit_price=freight,
                    tax_rate=Decimal(0),
                    seller=item["seller_id"],
                    external_id=key,
                )
            )
    promised = instant(order["order_estimated_delivery_date"])
    return PlaceOrder(
        channel=CHANNEL,
        external_id=played.order,
        placed_at=played.at,
        currency=CURRENCY,
        customer=CustomerData(customer.get("customer_unique_id") or played.order),
        ship_to=AddressData(
            "BR",
            city=customer.get("customer_city", ""),
            region=customer.get("customer_state", ""),
            postal_code=customer.get("customer_zip_code_prefix", ""),
        ),
        lines=lines,
        promised_on=promised.astimezone(ZONE).date() if promised else None,
    )


def to_payment(played: Played, order_id: int) -> RecordPayment:
    """Return one part of an Olist payment as captured."""
    row = played.body["payment"]
    return RecordPayment(
        provider=CHANNEL,
        external_id=played.message.external_id,
        status=PaymentStatus.CAPTURED,
        amount=Decimal(row["payment_value"]),
        currency=CURRENCY,
        order_id=order_id,
        method=row["payment_type"],
        at=played.at,
    )


def to_survey(played: Played, order_id: int) -> RecordSurvey:
    """Return a review as an answered survey."""
    row = played.body["review"]
    words = [row["review_comment_title"], row["review_comment_message"]]
    return RecordSurvey(
        source=CHANNEL,
        external_id=played.message.external_id,
        score=int(row["review_score"]),
        sent_at=instant(row["review_creation_date"]) or played.at,
        answered_at=played.at,
        comment="\n".join(w for w in words if w),
        order_id=order_id,
    )

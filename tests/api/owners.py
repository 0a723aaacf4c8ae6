"""Whose every row is, told apart from the program: warehouses and sellers by model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# A dimension that limits nothing.
EVERY = None
NOBODY: frozenset[int] = frozenset()
Ids = set[int] | frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Whose:
    """The warehouses and sellers that a row belongs to; of more than one, to each in part."""

    warehouses: Ids
    sellers: Ids

    def is_within(self, warehouses: Ids, sellers: Ids) -> bool:
        return _covers(warehouses, self.warehouses) and _covers(sellers, self.sellers)

    def is_shared_with(self, warehouses: Ids, sellers: Ids) -> bool:
        return _meets(warehouses, self.warehouses) and _meets(sellers, self.sellers)


def _covers(limit: Ids, own: Ids) -> bool:
    return limit is None or own is None or (bool(own) and own <= limit)


def _meets(limit: Ids, own: Ids) -> bool:
    return limit is None or own is None or bool(own & limit)


def _order(order: Any) -> Whose:
    items = [line for line in order.lines.all() if line.kind in ("ITEM", "KIT")]
    return Whose({i.warehouse_id for i in items}, {i.seller_id for i in items})


def _shipment(shipment: Any) -> Whose:
    lines = shipment.lines.all()
    return Whose({shipment.warehouse_id}, {line.order_line.seller_id for line in lines})


def _settlement(row: Any) -> Whose:
    from orders.models import Order

    return Whose(_order(Order.objects.get(pk=row.order_id)).warehouses, {row.seller_id})


def _customer(customer: Any) -> Whose:
    # The orders of these customers are one each.
    return _order(customer.orders.get())


def _of_order(row: Any) -> Whose:
    return _order(row.order) if row.order_id else Whose(NOBODY, NOBODY)


def _metric(row: Any) -> Whose:
    kinds = {"WAREHOUSE": Whose({row.key}, NOBODY), "SELLER": Whose(NOBODY, {row.key})}
    return kinds.get(row.dimension, Whose(NOBODY, NOBODY))


def _open(row: Any) -> Whose:
    return Whose(EVERY, EVERY)


OWNERS: dict[str, Callable[[Any], Whose]] = {
    "inventory.warehouse": lambda r: Whose({r.pk}, EVERY),
    "inventory.seller": lambda r: Whose(EVERY, {r.pk}),
    "inventory.product": lambda r: Whose(EVERY, {r.seller_id}),
    "inventory.sku": lambda r: Whose(EVERY, {r.seller_id}),
    "inventory.lot": lambda r: Whose(EVERY, {r.sku.seller_id}),
    "inventory.location": lambda r: Whose({r.warehouse_id}, NOBODY),
    "inventory.stocklevel": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.stockmove": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.reservation": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.binstock": lambda r: Whose({r.location.warehouse_id}, {r.sku.seller_id}),
    "inventory.allocation": lambda r: Whose({r.location.warehouse_id}, {r.sku.seller_id}),
    "inventory.replenishmentpolicy": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.replenishmentproposal": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.purchaseorder": lambda r: Whose({r.warehouse_id}, NOBODY),
    "inventory.simulation": lambda r: Whose({r.warehouse_id}, NOBODY),
    "inventory.stockhealth": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.stockalert": lambda r: Whose({r.warehouse_id}, {r.sku.seller_id}),
    "inventory.alertpolicy": lambda r: Whose({r.warehouse_id}, NOBODY),
    "inventory.countplan": lambda r: Whose({r.warehouse_id}, NOBODY),
    "inventory.stockcount": lambda r: Whose({r.warehouse_id}, NOBODY),
    "inventory.receipt": lambda r: Whose({r.purchase_order.warehouse_id}, NOBODY),
    "inventory.supplier": lambda r: Whose(EVERY, NOBODY),
    "inventory.supplieritem": lambda r: Whose(EVERY, NOBODY),
    "orders.order": _order,
    "orders.orderedit": _of_order,
    "orders.orderline": lambda r: Whose({r.warehouse_id}, {r.seller_id}),
    "orders.return": lambda r: Whose(
        {r.warehouse_id}, {line.order_line.seller_id for line in r.lines.all()}
    ),
    "orders.customer": _customer,
    "orders.price": lambda r: Whose(EVERY, {r.sku.seller_id}),
    "orders.lane": lambda r: Whose({r.warehouse_id}, NOBODY),
    "orders.saleschannel": _open,
    "orders.channelwarehouse": lambda r: Whose({r.warehouse_id}, EVERY),
    "orders.taxrate": _open,
    "logistics.shipment": _shipment,
    "logistics.parcel": lambda r: _shipment(r.shipment),
    "logistics.labelrequest": lambda r: _shipment(r.parcel.shipment),
    "logistics.trackingevent": lambda r: _shipment(r.parcel.shipment),
    "logistics.deliveryexception": lambda r: _shipment(r.parcel.shipment),
    "logistics.picklist": lambda r: Whose({r.warehouse_id}, NOBODY),
    "logistics.carrier": _open,
    "logistics.carrieraccount": lambda r: Whose(EVERY, NOBODY),
    "finance.payment": _of_order,
    "finance.refund": _of_order,
    "finance.invoice": _of_order,
    "finance.creditnote": lambda r: _of_order(r.invoice),
    "finance.ordersettlement": _settlement,
    "finance.sellerstatement": lambda r: Whose(NOBODY, {r.seller_id}),
    "finance.payout": lambda r: Whose(NOBODY, {r.seller_id}),
    "finance.bankdetails": lambda r: Whose(NOBODY, {r.seller_id}),
    "finance.commissioncontract": lambda r: Whose(NOBODY, {r.seller_id}),
    "finance.paymentprovider": _open,
    "finance.refundpolicy": _open,
    "support.ticket": _of_order,
    "support.survey": _of_order,
    "support.queue": _open,
    "support.businesscalendar": _open,
    "support.slapolicy": _open,
    "support.macro": _open,
    "insights.dailymetric": _metric,
}


def whose(row: Any) -> Whose:
    """Return whose a row is: nobody's who is limited, where nothing is said."""
    told = OWNERS.get(row._meta.label_lower)
    return told(row) if told else Whose(NOBODY, NOBODY)

"""What may make a time long: for each metric, what its measurements are told apart by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Text
from backoffice.insights.choices import Metric
from logistics.choices import ExceptionKind
from orders.choices import HoldReason
from support.choices import Language, Priority, Skill


@dataclass(frozen=True, slots=True)
class Driver:
    """One way to tell measurements apart.

    `sql` gives the value of a measurement; `model` names the rows whose keys the values are,
    `words` what they are called; `nothing` is said where there is no value. `permission` is needed
    where it tells of people.
    """

    name: str
    label: Text
    sql: str
    model: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    nothing: Text = _("None")
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """The tables that a metric's drivers are read from, and the document that it measures."""

    document: str
    number: str
    joins: str
    drivers: tuple[Driver, ...]


CHANNEL = Driver("CHANNEL", _("Sales channel"), "s.channel_id", "orders.saleschannel")
WAREHOUSE = Driver("WAREHOUSE", _("Warehouse"), "s.warehouse_id", "inventory.warehouse")
SELLER = Driver("SELLER", _("Seller"), "s.seller_id", "inventory.seller", nothing=_("Own goods"))
COUNTRY = Driver("COUNTRY", _("Country"), "a.country")
CATEGORY = Driver("CATEGORY", _("Product category"), "c.category", nothing=_("Several or none"))
ORDER = """
LEFT JOIN orders_order o ON o.id = s.order_id
LEFT JOIN core_address a ON a.id = o.ship_to_id
"""
# An order has a category where all its products have the same.
CATEGORIES = """
LEFT JOIN LATERAL (SELECT min(p.category) AS category FROM orders_orderline l
  JOIN inventory_sku k ON k.id = l.sku_id JOIN inventory_product p ON p.id = k.product_id
  WHERE l.order_id = s.order_id HAVING min(p.category) = max(p.category)) AS c ON true
"""
HINDRANCE = """coalesce(
  (SELECT h.reason FROM orders_hold h WHERE h.order_id = o.id ORDER BY h.id LIMIT 1),
  (SELECT 'SHORT' FROM core_event e WHERE e.subject_type = 'orders.order'
    AND e.subject_id = o.id AND e.kind = 'order.backordered' LIMIT 1))"""
TROUBLE = """(SELECT x.kind FROM logistics_deliveryexception x
  WHERE x.parcel_id = s.subject_id ORDER BY x.id LIMIT 1)"""

SOURCES: dict[str, Sources] = {
    Metric.T_O: Sources(
        "orders.order",
        "order_number",
        ORDER + CATEGORIES,
        (
            Driver(
                "HINDRANCE",
                _("What stood in the way"),
                HINDRANCE,
                words={**dict(HoldReason.choices), "SHORT": _("Waited for stock")},
                nothing=_("Nothing"),
            ),
            replace(WAREHOUSE, nothing=_("Several or none")),
            CHANNEL,
            CATEGORY,
            COUNTRY,
        ),
    ),
    Metric.T_L: Sources(
        "logistics.parcel",
        "number",
        ORDER + CATEGORIES + "LEFT JOIN logistics_parcel p ON p.id = s.subject_id"
        " LEFT JOIN inventory_warehouse w ON w.id = s.warehouse_id",
        (
            Driver("CARRIER", _("Carrier"), "s.carrier_id", "logistics.carrier"),
            Driver("SERVICE", _("Service"), "p.service"),
            replace(WAREHOUSE, nothing=_("Sent by the seller")),
            COUNTRY,
            Driver(
                "LANE", _("Lane"), "w.name || ' → ' || a.country", nothing=_("Sent by the seller")
            ),
            Driver(
                "TROUBLE",
                _("Trouble on the way"),
                TROUBLE,
                words=dict(ExceptionKind.choices),
                nothing=_("No trouble"),
            ),
            CHANNEL,
            CATEGORY,
            SELLER,
        ),
    ),
    Metric.T_S: Sources(
        "support.ticket",
        "number",
        ORDER + "LEFT JOIN support_ticket t ON t.id = s.subject_id",
        (
            Driver("QUEUE", _("Queue"), "t.queue_id", "support.queue"),
            Driver("SKILL", _("Skill"), "t.skill", words=dict(Skill.choices)),
            Driver("PRIORITY", _("Priority"), "t.priority", words=dict(Priority.choices)),
            Driver(
                "AGENT",
                _("Agent"),
                "coalesce(t.assignee_id, t.last_assignee_id)",
                "core.user",
                nothing=_("Nobody"),
                permission="support.view_agentprofile",
            ),
            Driver("LANGUAGE", _("Language"), "t.language", words=dict(Language.choices)),
            Driver(
                "REOPENED",
                _("Reopened"),
                "CASE WHEN t.reopened_count > 0 THEN 'YES' END",
                words={"YES": _("Reopened")},
                nothing=_("Solved at once"),
            ),
            CHANNEL,
        ),
    ),
    Metric.T_F: Sources(
        "finance.ordersettlement", "", ORDER + CATEGORIES, (SELLER, CHANNEL, CATEGORY, COUNTRY)
    ),
}

"""The checks that the product brings: what is wrong, out of how many."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.insights.choices import Domain, Quality


@dataclass(frozen=True, slots=True)
class Check:
    """`failing` selects the ids that fail, `of` counts the rows looked at, at %(now)s."""

    text: str | Promise
    domain: str
    quality: str
    model: str
    failing: str
    of: str


CHECKS: dict[str, Check] = {
    "orders.required_times": Check(
        _("An order has the time of every state that it has reached."),
        Domain.ORDERS,
        Quality.COMPLETENESS,
        "orders.order",
        """SELECT id FROM orders_order
        WHERE (status IN ('CONFIRMED', 'RELEASED', 'COMPLETED') AND confirmed_at IS NULL)
          OR (status IN ('RELEASED', 'COMPLETED') AND released_at IS NULL)
          OR (shipped_quantity > 0 AND shipped_at IS NULL)
          OR (fulfilment_status = 'DELIVERED' AND delivered_at IS NULL)
          OR (status = 'COMPLETED' AND completed_at IS NULL)
          OR (status = 'CANCELLED' AND cancelled_at IS NULL)""",
        "SELECT count(*) FROM orders_order",
    ),
    "orders.times_in_order": Check(
        _("An order is placed, confirmed, released, shipped and delivered in this order."),
        Domain.ORDERS,
        Quality.CONSISTENCY,
        "orders.order",
        """SELECT id FROM orders_order WHERE confirmed_at < placed_at
          OR released_at < confirmed_at OR shipped_at < released_at OR delivered_at < shipped_at""",
        "SELECT count(*) FROM orders_order",
    ),
    "orders.has_lines": Check(
        _("An order has a line."),
        Domain.ORDERS,
        Quality.COMPLETENESS,
        "orders.order",
        """SELECT o.id FROM orders_order o
        WHERE NOT EXISTS (SELECT FROM orders_orderline l WHERE l.order_id = o.id)""",
        "SELECT count(*) FROM orders_order",
    ),
    "orders.possible_times": Check(
        _("No order was placed in the future or long ago."),
        Domain.ORDERS,
        Quality.VALIDITY,
        "orders.order",
        """SELECT id FROM orders_order WHERE placed_at > %(now)s::timestamptz + interval '1 day'
          OR placed_at < '2000-01-01'""",
        "SELECT count(*) FROM orders_order",
    ),
    "orders.state_was_told": Check(
        _("The state of an order is what its last event says."),
        Domain.ORDERS,
        Quality.CONSISTENCY,
        "orders.order",
        """SELECT o.id FROM orders_order o LEFT JOIN LATERAL (
          SELECT CASE e.kind WHEN 'order.placed' THEN 'PENDING'
            WHEN 'order.confirmed' THEN 'CONFIRMED' WHEN 'order.released' THEN 'RELEASED'
            WHEN 'order.completed' THEN 'COMPLETED' ELSE 'CANCELLED' END AS status
          FROM core_event e WHERE e.subject_type = 'orders.order' AND e.subject_id = o.id
            AND e.kind IN ('order.placed', 'order.confirmed', 'order.released', 'order.completed',
              'order.cancelled')
          ORDER BY e.id DESC LIMIT 1) AS told ON true
        WHERE told.status IS DISTINCT FROM o.status""",
        "SELECT count(*) FROM orders_order",
    ),
    "inventory.moves_have_cost": Check(
        _("Stock comes in and goes out at a cost."),
        Domain.INVENTORY,
        Quality.COMPLETENESS,
        "inventory.stockmove",
        """SELECT id FROM inventory_stockmove
        WHERE unit_cost = 0 AND kind IN ('OPENING', 'RECEIPT', 'SHIPMENT')""",
        """SELECT count(*) FROM inventory_stockmove
        WHERE kind IN ('OPENING', 'RECEIPT', 'SHIPMENT')""",
    ),
    "inventory.sku_weight": Check(
        _("A tracked SKU has a weight."),
        Domain.INVENTORY,
        Quality.COMPLETENESS,
        "inventory.sku",
        """SELECT id FROM inventory_sku
        WHERE is_active AND stock_policy = 'TRACKED' AND NOT is_kit AND weight_grams = 0""",
        """SELECT count(*) FROM inventory_sku
        WHERE is_active AND stock_policy = 'TRACKED' AND NOT is_kit""",
    ),
    "inventory.reserved_for_live_orders": Check(
        _("Stock is reserved for orders that still want it."),
        Domain.INVENTORY,
        Quality.CONSISTENCY,
        "inventory.reservation",
        """SELECT r.id FROM inventory_reservation r
        LEFT JOIN orders_orderline l ON l.id = r.for_id
        LEFT JOIN orders_order o ON o.id = l.order_id
        WHERE r.for_type = 'orders.orderline'
          AND (o.status IN ('PENDING', 'CONFIRMED', 'RELEASED')) IS NOT TRUE""",
        "SELECT count(*) FROM inventory_reservation WHERE for_type = 'orders.orderline'",
    ),
    "logistics.shipped_has_tracking": Check(
        _("A parcel that has left has a tracking number."),
        Domain.LOGISTICS,
        Quality.COMPLETENESS,
        "logistics.parcel",
        "SELECT id FROM logistics_parcel WHERE shipped_at IS NOT NULL AND tracking_number = ''",
        "SELECT count(*) FROM logistics_parcel WHERE shipped_at IS NOT NULL",
    ),
    "logistics.news_in_transit": Check(
        _("A parcel on its way was seen within two days."),
        Domain.LOGISTICS,
        Quality.TIMELINESS,
        "logistics.parcel",
        """SELECT p.id FROM logistics_parcel p
        LEFT JOIN logistics_tracking t ON t.parcel_id = p.id
        WHERE p.origin <> 'IMPORT' AND p.status IN ('IN_TRANSIT', 'OUT_FOR_DELIVERY')
          AND coalesce(t.last_scan_at, p.shipped_at) < %(now)s::timestamptz - interval '2 days'""",
        """SELECT count(*) FROM logistics_parcel
        WHERE origin <> 'IMPORT' AND status IN ('IN_TRANSIT', 'OUT_FOR_DELIVERY')""",
    ),
    "logistics.delivered_after_shipped": Check(
        _("A parcel is delivered after it was handed over."),
        Domain.LOGISTICS,
        Quality.CONSISTENCY,
        "logistics.parcel",
        "SELECT id FROM logistics_parcel WHERE delivered_at < shipped_at",
        "SELECT count(*) FROM logistics_parcel WHERE delivered_at IS NOT NULL",
    ),
    "support.solved_was_answered": Check(
        _("A solved ticket of a customer was answered."),
        Domain.SUPPORT,
        Quality.COMPLETENESS,
        "support.ticket",
        """SELECT t.id FROM support_ticket t WHERE t.status IN ('SOLVED', 'CLOSED')
          AND t.first_responded_at IS NULL AND EXISTS (SELECT FROM support_message m
            WHERE m.ticket_id = t.id AND m.direction = 'IN' AND NOT m.is_automatic)""",
        "SELECT count(*) FROM support_ticket WHERE status IN ('SOLVED', 'CLOSED')",
    ),
    "support.answered_after_asked": Check(
        _("A survey is answered after it was sent."),
        Domain.SUPPORT,
        Quality.VALIDITY,
        "support.survey",
        "SELECT id FROM support_survey WHERE answered_at < sent_at",
        "SELECT count(*) FROM support_survey WHERE status = 'ANSWERED'",
    ),
    "finance.completed_is_paid": Check(
        _("A completed order was paid what it costs."),
        Domain.FINANCE,
        Quality.ACCURACY,
        "orders.order",
        """SELECT o.id FROM orders_order o JOIN orders_saleschannel c ON c.id = o.channel_id
        WHERE o.status = 'COMPLETED' AND c.payment_terms = 'PREPAID'
          AND o.captured_amount <> o.total_amount""",
        """SELECT count(*) FROM orders_order o JOIN orders_saleschannel c ON c.id = o.channel_id
        WHERE o.status = 'COMPLETED' AND c.payment_terms = 'PREPAID'""",
    ),
    "system.events_delivered": Check(
        _("Events reach their handlers within ten minutes."),
        Domain.SYSTEM,
        Quality.TIMELINESS,
        "core.eventdelivery",
        """SELECT d.id FROM core_eventdelivery d JOIN core_event e ON e.id = d.event_id
        WHERE d.set_aside_at IS NOT NULL
          OR e.recorded_at < %(now)s::timestamptz - interval '10 minutes'""",
        "SELECT count(*) FROM core_eventdelivery",
    ),
    "system.webhooks_arrive": Check(
        _("No webhook of the last week was given up."),
        Domain.SYSTEM,
        Quality.TIMELINESS,
        "core.webhookdelivery",
        """SELECT id FROM core_webhookdelivery WHERE status = 'DEAD'
          AND finished_at > %(now)s::timestamptz - interval '7 days'""",
        """SELECT count(*) FROM core_webhookdelivery
        WHERE finished_at > %(now)s::timestamptz - interval '7 days'""",
    ),
    "system.times_run_forwards": Check(
        _("What is measured ends after it began."),
        Domain.SYSTEM,
        Quality.VALIDITY,
        "insights.stagetime",
        "SELECT id FROM insights_stagetime WHERE seconds < 0",
        "SELECT count(*) FROM insights_stagetime",
    ),
}

"""Times from the event log: which subjects have news, and how long each took."""

from dataclasses import dataclass

from backoffice.insights.choices import Metric


@dataclass(frozen=True, slots=True)
class Measure:
    """How one metric is measured on its subjects.

    `touched` selects the subjects that have news between %(low)s and %(high)s; `times` gives
    subject_id, order_id, started_at, ended_at, channel_id, warehouse_id, carrier_id, seller_id
    and origin of those whose ids it is given.
    """

    metric: str
    touched: str
    times: str


# The ids come as an array: a joined set would be looped over where the planner lacks statistics.
GIVEN = "unnest(%(ids)s::bigint[]) AS touched(id)"
NEWS = "recorded_at > %(low)s AND recorded_at <= %(high)s"


def _subjects(subject_type: str, *kinds: str) -> str:
    names = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        "SELECT DISTINCT subject_id AS id FROM core_event"
        f" WHERE {NEWS} AND subject_type = '{subject_type}' AND kind IN ({names})"
    )


def _between(subject_type: str, start: str, end: str) -> str:
    """Return the join of a touched subject with its first start and its last end."""
    about = f"e.subject_type = '{subject_type}' AND e.subject_id = touched.id"
    return f"""
    CROSS JOIN LATERAL (SELECT min(e.occurred_at) AS at FROM core_event e
      WHERE {about} AND e.kind = '{start}') AS started
    CROSS JOIN LATERAL (SELECT e.occurred_at AS at, e.order_id, e.origin FROM core_event e
      WHERE {about} AND e.kind = '{end}' ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1) AS ended
    """


ORDER_TIMES = f"""
SELECT touched.id AS subject_id, touched.id AS order_id, started.at AS started_at,
  ended.at AS ended_at, o.channel_id, w.warehouse_id, NULL::bigint AS carrier_id,
  NULL::bigint AS seller_id, ended.origin
FROM {GIVEN} {_between("orders.order", "order.placed", "order.released")}
LEFT JOIN orders_order o ON o.id = touched.id
LEFT JOIN LATERAL (SELECT min(l.warehouse_id) AS warehouse_id FROM orders_orderline l
  WHERE l.order_id = touched.id HAVING count(DISTINCT l.warehouse_id) = 1) AS w ON true
WHERE started.at IS NOT NULL
"""
PARCEL_TIMES = f"""
SELECT touched.id AS subject_id, ended.order_id, started.at AS started_at, ended.at AS ended_at,
  o.channel_id, s.warehouse_id, a.carrier_id, s.seller_id, ended.origin
FROM {GIVEN} {_between("logistics.parcel", "parcel.shipped", "parcel.delivered")}
LEFT JOIN logistics_parcel p ON p.id = touched.id
LEFT JOIN logistics_shipment s ON s.id = p.shipment_id
LEFT JOIN logistics_carrieraccount a ON a.id = p.account_id
LEFT JOIN orders_order o ON o.id = ended.order_id
WHERE started.at IS NOT NULL
"""
# A ticket that was opened again after its last solution has no time yet.
TICKET_TIMES = f"""
SELECT touched.id AS subject_id, ended.order_id, started.at AS started_at, ended.at AS ended_at,
  o.channel_id, NULL::bigint AS warehouse_id, NULL::bigint AS carrier_id,
  NULL::bigint AS seller_id, ended.origin
FROM {GIVEN} {_between("support.ticket", "ticket.opened", "ticket.solved")}
LEFT JOIN orders_order o ON o.id = ended.order_id
WHERE started.at IS NOT NULL AND NOT EXISTS (SELECT FROM core_event e
  WHERE e.subject_type = 'support.ticket' AND e.subject_id = touched.id
    AND e.kind = 'ticket.reopened' AND e.occurred_at > ended.at)
"""
SETTLEMENTS = f"""
SELECT subject_id AS id FROM core_event WHERE {NEWS} AND kind = 'order.settled'
UNION
SELECT s.subject_id FROM (SELECT order_id FROM core_event
  WHERE {NEWS} AND kind = 'order.delivered') AS d
JOIN core_event s ON s.order_id = d.order_id AND s.kind = 'order.settled'
"""
SETTLEMENT_TIMES = f"""
SELECT touched.id AS subject_id, ended.order_id, started.at AS started_at, ended.at AS ended_at,
  o.channel_id, NULL::bigint AS warehouse_id, NULL::bigint AS carrier_id,
  (ended.data ->> 'seller')::bigint AS seller_id, ended.origin
FROM {GIVEN}
CROSS JOIN LATERAL (SELECT e.occurred_at AS at, e.order_id, e.origin, e.data FROM core_event e
  WHERE e.subject_type = 'finance.ordersettlement' AND e.subject_id = touched.id
    AND e.kind = 'order.settled' ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1) AS ended
CROSS JOIN LATERAL (SELECT min(e.occurred_at) AS at FROM core_event e
  WHERE e.subject_type = 'orders.order' AND e.subject_id = ended.order_id
    AND e.kind = 'order.delivered') AS started
LEFT JOIN orders_order o ON o.id = ended.order_id
WHERE started.at IS NOT NULL
"""

MEASURES = [
    Measure(Metric.T_O, _subjects("orders.order", "order.placed", "order.released"), ORDER_TIMES),
    Measure(
        Metric.T_L,
        _subjects("logistics.parcel", "parcel.shipped", "parcel.delivered"),
        PARCEL_TIMES,
    ),
    Measure(
        Metric.T_S,
        _subjects("support.ticket", "ticket.opened", "ticket.solved", "ticket.reopened"),
        TICKET_TIMES,
    ),
    Measure(Metric.T_F, SETTLEMENTS, SETTLEMENT_TIMES),
]

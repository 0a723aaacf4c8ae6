"""What asks for stock: higher floors tell in SQL what they want, inventory adds it up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemandSource:
    """Demand known above, as SQL over %(houses)s, the warehouses looked at.

    `asked` selects sku_id, warehouse_id, asked_at, units of each line of %(skus)s that was asked
    for from %(since)s to %(until)s; `waiting` selects sku_id, warehouse_id, units of what is
    wanted and not reserved.
    """

    for_type: str
    asked: str
    waiting: str


_sources: dict[str, DemandSource] = {}


def demand_source(source: DemandSource) -> None:
    """Let a floor tell of the demand of one type of thing that stock serves."""
    _sources[source.for_type] = source


def known_types() -> list[str]:
    """Return the types whose demand is told, so that their shipments are not counted as well."""
    return list(_sources)


def asked_sql() -> str:
    """Return one SELECT of all that was asked for."""
    return _union([source.asked for source in _sources.values()], "now() AS asked_at, ")


def waiting_sql() -> str:
    """Return one SELECT of all that waits without a reservation."""
    return _union([source.waiting for source in _sources.values()], "")


def _union(parts: list[str], more: str) -> str:
    none = f"SELECT 0::bigint AS sku_id, 0::bigint AS warehouse_id, {more}0 AS units WHERE false"  # noqa: S608
    return "\nUNION ALL\n".join([none, *parts])

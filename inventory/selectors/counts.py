"""What is to be counted, bin by bin in walking order."""

from dataclasses import dataclass

from backoffice.core.scope import for_actor
from inventory.models import Sku, StockCountLine


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of a count and its lines that wait to be counted."""

    location_id: int
    code: str
    lines: list[StockCountLine]


def bins_to_count(count_id: int) -> list[Bin]:
    """Return the bins of a count with open lines; what was found later comes with its bin."""
    lines = StockCountLine.objects.filter(stock_count=count_id, status="OPEN")
    bins: dict[int, Bin] = {}
    for line in lines.select_related("sku", "location", "lot").order_by("position"):
        found = bins.setdefault(line.location_id, Bin(line.location_id, line.location.code, []))
        found.lines.append(line)
    return list(bins.values())


def sku_of_code(code: str) -> Sku | None:
    """Return the SKU of a code or barcode."""
    skus = for_actor(Sku.objects.all())
    return skus.filter(code=code).first() or skus.filter(barcode=code).first()

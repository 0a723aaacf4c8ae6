"""Which rows of inventory are within a warehouse or a seller."""

from backoffice.core.scope import Limits, column, everything, limits_from, scope
from backoffice.core.sql import execute
from inventory.models import (
    AlertPolicy,
    Allocation,
    BinStock,
    CountPlan,
    Location,
    Lot,
    Product,
    PurchaseOrder,
    Receipt,
    ReplenishmentPolicy,
    ReplenishmentProposal,
    Reservation,
    Seller,
    Simulation,
    SimulationCurve,
    Sku,
    StockAlert,
    StockCount,
    StockCountLine,
    StockHealth,
    StockLevel,
    StockMove,
    Supplier,
    SupplierItem,
    Warehouse,
)


@limits_from
def user_limits(user_id: int) -> Limits:
    """Return the warehouses and sellers that a user is limited to."""
    # Asked by every request.
    rows = execute(
        "SELECT warehouse_ids, seller_ids FROM inventory_userscope"
        " WHERE is_active AND user_id = %s",
        [user_id],
    )
    for warehouses, sellers in rows:
        found = {"warehouse": warehouses, "seller": sellers}
        return {dimension: ids for dimension, ids in found.items() if ids}
    return {}


IN_WAREHOUSE = column("warehouse")
OF_SKU = column("sku__seller")

scope(Warehouse, warehouse=column("pk"), seller=everything)
scope(Seller, warehouse=everything, seller=column("pk"))
scope(Product, Sku, warehouse=everything, seller=column("seller"))
scope(Lot, warehouse=everything, seller=OF_SKU)
scope(StockLevel, StockMove, Reservation, warehouse=IN_WAREHOUSE, seller=OF_SKU)
scope(StockHealth, StockAlert, warehouse=IN_WAREHOUSE, seller=OF_SKU)
scope(BinStock, Allocation, warehouse=column("location__warehouse"), seller=OF_SKU)
scope(ReplenishmentPolicy, ReplenishmentProposal, warehouse=IN_WAREHOUSE, seller=OF_SKU)
# What we buy, and from whom, is no seller's business.
scope(Location, PurchaseOrder, AlertPolicy, CountPlan, StockCount, warehouse=IN_WAREHOUSE)
scope(StockCountLine, warehouse=column("stock_count__warehouse"))
scope(Simulation, warehouse=IN_WAREHOUSE)
scope(SimulationCurve, warehouse=column("simulation__warehouse"))
scope(Receipt, warehouse=column("purchase_order__warehouse"))
scope(Supplier, SupplierItem, warehouse=everything)

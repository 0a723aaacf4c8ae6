from inventory.models.alerts import AlertPolicy, StockAlert
from inventory.models.catalogue import KitComponent, Product, Seller, Sku
from inventory.models.closing import StockClosing, StockClosingLine
from inventory.models.counting import CountPlan, StockCount, StockCountLine
from inventory.models.health import StockHealth
from inventory.models.purchasing import (
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    Supplier,
    SupplierItem,
)
from inventory.models.replenishment import (
    ReplenishmentPolicy,
    ReplenishmentProposal,
    ReplenishmentRun,
)
from inventory.models.scope import UserScope
from inventory.models.simulation import Simulation, SimulationCurve
from inventory.models.stock import (
    Allocation,
    BinStock,
    Reservation,
    StockLevel,
    StockMove,
)
from inventory.models.warehouse import Location, Lot, Warehouse

__all__ = [
    "AlertPolicy",
    "Allocation",
    "BinStock",
    "CountPlan",
    "KitComponent",
    "Location",
    "Lot",
    "Product",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Receipt",
    "ReceiptLine",
    "ReplenishmentPolicy",
    "ReplenishmentProposal",
    "ReplenishmentRun",
    "Reservation",
    "Seller",
    "Simulation",
    "SimulationCurve",
    "Sku",
    "StockAlert",
    "StockClosing",
    "StockClosingLine",
    "StockCount",
    "StockCountLine",
    "StockHealth",
    "StockLevel",
    "StockMove",
    "Supplier",
    "SupplierItem",
    "UserScope",
    "Warehouse",
]

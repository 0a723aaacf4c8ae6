"""The routes of inventory."""

from inventory.api import counting, health, master, stock, views

ROUTES = [
    ("sellers", master.SellerViewSet),
    ("products", master.ProductViewSet),
    ("skus", master.SkuViewSet),
    ("warehouses", master.WarehouseViewSet),
    ("locations", master.LocationViewSet),
    ("suppliers", master.SupplierViewSet),
    ("supplier-items", master.SupplierItemViewSet),
    ("replenishment-policies", master.ReplenishmentPolicyViewSet),
    ("stock-levels", stock.StockLevelViewSet),
    ("bin-stock", stock.BinStockViewSet),
    ("lots", stock.LotViewSet),
    ("stock-moves", stock.StockMoveViewSet),
    ("reservations", stock.ReservationViewSet),
    ("allocations", stock.AllocationViewSet),
    ("purchase-orders", views.PurchaseOrderViewSet),
    ("receipts", views.ReceiptViewSet),
    ("replenishment-proposals", views.ReplenishmentProposalViewSet),
    ("count-plans", counting.CountPlanViewSet),
    ("stock-counts", counting.StockCountViewSet),
    ("stock-health", health.StockHealthViewSet),
    ("alert-policies", health.AlertPolicyViewSet),
    ("stock-alerts", health.StockAlertViewSet),
    ("replenishment-simulations", views.SimulationViewSet),
]

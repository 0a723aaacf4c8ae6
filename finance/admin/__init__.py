from finance.admin import (
    batches,
    dialogs,
    exceptions,
    files,
    ledger,
    payments,
    periods,
    reconciliation,
    sellers,
)

__all__ = [
    "batches",
    "dialogs",
    "exceptions",
    "files",
    "ledger",
    "payments",
    "periods",
    "reconciliation",
    "sellers",
]

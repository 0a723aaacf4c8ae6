from finance.admin import (
    batches,
    dialogs,
    exceptions,
    files,
    ledger,
    payments,
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
    "reconciliation",
    "sellers",
]

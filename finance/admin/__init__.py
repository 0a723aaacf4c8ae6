from finance.admin import batches, dialogs, files, ledger, payments, sellers

__all__ = ["batches", "dialogs", "files", "ledger", "payments", "sellers"]

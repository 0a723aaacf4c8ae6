from finance.admin import dialogs, files, ledger, payments, sellers

__all__ = ["dialogs", "files", "ledger", "payments", "sellers"]

from finance.admin import dialogs, ledger, payments, sellers

__all__ = ["dialogs", "ledger", "payments", "sellers"]

from finance.admin import ledger, payments, sellers

__all__ = ["ledger", "payments", "sellers"]

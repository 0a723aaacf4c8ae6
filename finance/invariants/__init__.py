"""What must always be true of money."""

from finance.invariants import ledger, payments, sellers  # noqa: F401

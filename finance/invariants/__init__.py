"""What must always be true of money."""

from finance.invariants import files, ledger, payments, sellers  # noqa: F401

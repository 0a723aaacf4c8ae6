"""What must always be true of money."""

from finance.invariants import batches, files, ledger, payments, sellers  # noqa: F401

"""Database functions and extensions that migrations rely on."""

from backoffice.core.money import EXPONENT_SQL, IS_MONEY_SQL

FUNCTIONS = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    EXPONENT_SQL,
    IS_MONEY_SQL,
]

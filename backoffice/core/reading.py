"""Reads what came from outside: JSON, texts and instants, made fit for the database."""

import json
from datetime import datetime
from typing import Any

# What a value that is not what it should be raises, somewhere in the reading of it.
UNFIT = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)


def load(body: bytes | str) -> Any:
    """Read JSON; ValueError where it is none."""
    try:
        return json.loads(body)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"This is no JSON: {error}") from error


def text(value: Any, longest: int) -> str:
    """Return a text without NUL, which the database does not take; "" for anything else."""
    return value.replace("\x00", "")[:longest] if isinstance(value, str) else ""


def moment(value: Any) -> datetime:
    """Read an ISO 8601 instant; ValueError where it has no zone."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"The time {value!r} has no zone.")
    return at

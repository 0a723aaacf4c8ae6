"""What a request names by number or code, found set-wise among what the caller may see."""

from collections.abc import Iterable

from django.db.models import QuerySet

from backoffice.core.scope import for_actor


def ids_of(rows: QuerySet, field: str, names: Iterable[str]) -> dict[str, int]:
    """Return the keys of the rows that are named; what is not there is left out."""
    named = for_actor(rows).filter(**{f"{field}__any": sorted(set(names))})
    return dict(named.values_list(field, "pk"))

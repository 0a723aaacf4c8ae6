"""Where new rows come from: what serves a document that is not live is not live either."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from backoffice.core.actor import current_unit
from backoffice.core.choices import Origin

Served = tuple[str, int | None]


def inherited(served: Sequence[Served]) -> list[str]:
    """Return the origin of each new row by what it serves, given as (label, id).

    That is the origin of the document served, or of the one that a served line belongs to, where
    it is not live; else that of whoever acts.
    """
    ids: dict[str, set[int]] = defaultdict(set)
    for label, pk in set(served):
        if pk is not None and _path(label):
            ids[label].add(pk)
    known = {(label, pk): o for label in ids for pk, o in _not_live(label, ids[label])}
    mine = current_unit().actor.origin
    if not known:
        return [mine] * len(served)
    return [known.get((label, pk or 0), mine) for label, pk in served]


def origin_sql(served: str) -> str:
    """Return the same for a row that SQL inserts: `served` is the alias of what it serves."""
    return f"coalesce(nullif({served}.origin, 'LIVE'), %(origin)s)"


def origin_column(
    model: type[models.Model], columns: Mapping[str, Sequence[Any]]
) -> dict[str, list[str]]:
    """Return the origins of new rows whose model names by `serves` the documents they serve.

    Of several documents the first that a row has counts.
    """
    keys = [model._meta.get_field(name) for name in getattr(model, "serves", ())]
    given = [key for key in keys if key.attname in columns]  # type: ignore[union-attr]
    if not given or "origin" in columns:
        return {}
    labels = [key.related_model._meta.label_lower for key in given]  # type: ignore[union-attr]
    rows = zip(*(columns[key.attname] for key in given), strict=True)  # type: ignore[union-attr]
    nothing: Served = ("", None)
    return {
        "origin": inherited(
            [next((s for s in zip(labels, row, strict=True) if s[1]), nothing) for row in rows]
        )
    }


def _not_live(label: str, ids: set[int]) -> list[tuple[int, str]]:
    path = _path(label)
    if not path:
        return []
    rows = apps.get_model(label)._base_manager.filter(pk__any=sorted(ids))
    return list(rows.exclude(**{path: Origin.LIVE}).values_list("pk", path))


@cache
def _path(label: str) -> str:
    """Return the lookup that leads from a model to its rows' origin; "" where they have none."""
    if label not in {model._meta.label_lower for model in apps.get_models()}:
        return ""
    model = apps.get_model(label)
    if any(field.name == "origin" for field in model._meta.concrete_fields):
        return "origin"
    served = [model._meta.get_field(name).related_model for name in getattr(model, "serves", ())]
    paths = [_path(parent._meta.label_lower) for parent in served[:1]]  # type: ignore[union-attr]
    return "__".join([*model.serves[:1], *paths]) if paths else ""

"""Making documents: `POST` makes one, `POST bulk/` up to 1,000 in one service call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db.transaction import atomic
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.problems import FieldErrorSerializer, field_errors
from backoffice.core.api.verbs import BULK_LIMIT
from backoffice.core.scope import OUTSIDE, is_limited
from backoffice.core.states import BlockedError, Text


@dataclass(slots=True)
class Made:
    """What came of making documents, by position: their ids, or why they were refused."""

    created: Mapping[int, Sequence[int]] = field(default_factory=dict)
    existing: Mapping[int, Sequence[int]] = field(default_factory=dict)
    refused: Mapping[int, Sequence[Text]] = field(default_factory=dict)

    @classmethod
    def of(cls, created: Mapping, existing: Mapping, refused: Mapping) -> "Made":
        """Return what came of a service that makes one document a command."""
        return cls(_listed(created), _listed(existing), refused)


def _listed(ids: Mapping[int, int]) -> dict[int, list[int]]:
    return {n: [pk] for n, pk in ids.items()}


@dataclass(frozen=True, slots=True)
class Creation:
    """How documents are made: `make(items, now=…) -> Made` for items that `body` let through.

    `is_many` says that one item may make several documents.
    """

    body: type[serializers.Serializer]
    make: Callable[..., Made]
    permission: str = ""
    is_many: bool = False


class ItemResultSerializer(serializers.Serializer):
    """What came of one item; an item that is there already is answered with its number."""

    status = serializers.ChoiceField(["CREATED", "EXISTING", "REFUSED"])
    numbers = serializers.ListField(child=serializers.CharField())
    errors = FieldErrorSerializer(many=True)


class ItemResultsSerializer(serializers.Serializer):
    """What came of each item, in their order."""

    results = ItemResultSerializer(many=True)


def creation_actions(creation: Creation, answer: type[serializers.Serializer]) -> list[Any]:
    """Return the view methods that make one document and many."""
    many = _bulk_body(creation.body)
    made = answer(many=True) if creation.is_many else answer
    again = OpenApiResponse(made, description="It is there already: made by the same request.")

    @extend_schema(request=creation.body, responses={201: made, 200: again})
    def create(self: Any, request: Request, **kwargs: Any) -> Response:
        return _create(self, creation, request)

    @extend_schema(request=many, responses=ItemResultsSerializer)
    @action(detail=False, methods=["post"], url_path="bulk", filterset_class=None)
    def bulk(self: Any, request: Request, **kwargs: Any) -> Response:
        return _create_many(self, creation, request)

    text = (creation.make.__doc__ or "").partition("\n")[0]
    create.__doc__ = text
    bulk.__doc__ = f"{text} Each item is answered for by its position."
    for method in (create, bulk):
        method.permission = creation.permission  # type: ignore[attr-defined]
    return [create, bulk]


def _bulk_body(body: type[serializers.Serializer]) -> type[serializers.Serializer]:
    items = body(many=True, allow_empty=False, max_length=BULK_LIMIT)
    return type(f"Bulk{body.__name__}", (serializers.Serializer,), {"items": items})


class _Items(serializers.Serializer):
    items = serializers.ListField(min_length=1, max_length=BULK_LIMIT)


@cache
def _reader(serializer: type[serializers.Serializer]) -> serializers.Serializer:
    """Return a serializer to use again: its fields cost more to make than an order to read."""
    return serializer()


def _create(view: Any, creation: Creation, request: Request) -> Response:
    made = _make(view, creation, [_reader(creation.body).run_validation(request.data)])
    if made.refused:
        raise BlockedError(list(made.refused[0]))
    ids = made.created.get(0) or made.existing[0]
    documents = view.get_queryset().filter(pk__in=ids).order_by("pk")
    if creation.is_many:
        data = view.get_serializer(documents, many=True).data
        return Response(data, status=201 if made.created else 200)
    document = view.just_made(ids[0]) if made.created else documents.get()
    return Response(
        _reader(view.get_serializer_class()).to_representation(document),
        status=201 if made.created else 200,
        headers={
            "ETag": view.tag(document),
            "Location": request.build_absolute_uri(f"{request.path}{document.number}/"),
        },
    )


def _create_many(view: Any, creation: Creation, request: Request) -> Response:
    outer = _Items(data=request.data)
    outer.is_valid(raise_exception=True)
    check = _reader(creation.body)
    good: dict[int, Any] = {}
    results: dict[int, dict[str, Any]] = {}
    for n, item in enumerate(outer.validated_data["items"]):
        try:
            good[n] = check.run_validation(item)
        except ValidationError as error:
            results[n] = _result("REFUSED", errors=list(field_errors(error.detail)))
    positions = list(good)
    made = _make(view, creation, list(good.values())) if good else Made()
    ids = [pk for group in (made.created, made.existing) for row in group.values() for pk in row]
    found = view.get_queryset().filter(pk__in=ids).values_list("pk", view.lookup_field)
    numbers = dict(found)
    for status, group in (("CREATED", made.created), ("EXISTING", made.existing)):
        for n, row in group.items():
            results[positions[n]] = _result(status, [numbers[pk] for pk in row])
    for n, reasons in made.refused.items():
        errors = [{"field": "", "detail": str(r), "code": "blocked"} for r in reasons]
        results[positions[n]] = _result("REFUSED", errors=errors)
    return Response({"results": [results[n] for n in sorted(results)]})


def _make(view: Any, creation: Creation, items: Sequence[Any]) -> Made:
    """Make documents; what a limited caller could not see afterwards is refused."""
    now = timezone.now()
    if not is_limited():
        return creation.make(items, now=now)
    try:
        with atomic():
            made = creation.make(items, now=now)
            hidden = _hidden(view, made)
            if hidden:
                raise _OutOfSightError
            return made
    except _OutOfSightError:
        rest = [n for n in range(len(items)) if n not in hidden]
        made = creation.make([items[n] for n in rest], now=now) if rest else Made()
    return Made(
        {rest[n]: ids for n, ids in made.created.items()},
        {rest[n]: ids for n, ids in made.existing.items()},
        {rest[n]: why for n, why in made.refused.items()} | dict.fromkeys(hidden, [OUTSIDE]),
    )


class _OutOfSightError(Exception):
    """Undo what was made to find out that its maker may not see it."""


def _hidden(view: Any, made: Made) -> set[int]:
    """Return the positions whose documents the caller may not see."""
    made_by = {**made.created, **made.existing}
    ids = [pk for row in made_by.values() for pk in row]
    seen = set(view.get_queryset().filter(pk__in=ids).values_list("pk", flat=True))
    return {n for n, row in made_by.items() if not seen.issuperset(row)}


def _result(status: str, numbers: Sequence[str] = (), errors: Sequence[Any] = ()) -> dict[str, Any]:
    return {"status": status, "numbers": list(numbers), "errors": list(errors)}

"""Verbs: `POST {number}/{verb}` moves one document, `POST verbs/{verb}` many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.problems import Problem
from backoffice.core.states import GONE, BlockedError, Outcome
from backoffice.core.versions import StaleError, unchanged_since

BULK_LIMIT = 1_000
LONGEST_NUMBER = 40


class VerbSerializer(serializers.Serializer):
    """The body of a verb; verbs that need to know more extend it."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)


class OutcomeSerializer(serializers.Serializer):
    """The numbers of what moved, and of what did not and why."""

    moved = serializers.ListField(child=serializers.CharField())
    blocked = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


@dataclass(frozen=True, slots=True)
class Verb:
    """A business verb of a document: `service(ids, now=…, reason=…, …) -> Outcome`.

    The fields of `body` are passed to the service by name. Where they speak of one document's
    own parts, `is_bulk` False leaves the bulk form out.
    """

    name: str
    service: Callable[..., Outcome]
    permission: str = ""
    body: type[VerbSerializer] = VerbSerializer
    is_bulk: bool = True


def numbers_field() -> serializers.ListField:
    """Return the field of the documents that a bulk verb is about."""
    return serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_NUMBER),
        min_length=1,
        max_length=BULK_LIMIT,
    )


def outcome_body(outcome: Outcome, numbers: dict[int, str]) -> dict[str, Any]:
    """Return an outcome as JSON, documents named by their numbers."""
    return {
        "moved": [numbers[i] for i in outcome.moved],
        "blocked": {numbers[i]: [str(r) for r in why] for i, why in outcome.blocked.items()},
    }


def run_one(view: Any, item: Verb, request: Request) -> Response:
    """Call a verb on one document, under the version that the caller saw if they said so."""
    document = view.get_object()
    body = item.body(data=request.data)
    body.is_valid(raise_exception=True)
    now = timezone.now()
    stale = Problem(412, "stale", _("It changed meanwhile: read it again."))
    try:
        if not request.headers.get("If-Match"):
            outcome = item.service([document.pk], now=now, **body.validated_data)
        elif not view.is_match("If-Match", view.tag(document)):
            raise stale
        else:
            reason = body.validated_data.get("reason", "")
            seen = (type(document), document.pk, document.version)
            with unchanged_since(*seen, now=now, reason=reason):
                outcome = item.service([document.pk], now=now, **body.validated_data)
    except StaleError:
        raise stale from None
    if outcome.blocked:
        raise BlockedError(outcome.blocked[document.pk])
    document.refresh_from_db(fields=["version"])
    number = {document.pk: str(document.number)}
    return Response(outcome_body(outcome, number), headers={"ETag": view.tag(document)})


def run_many(view: Any, item: Verb, data: dict[str, Any]) -> Response:
    """Call a verb on many documents; each is answered for."""
    numbers: list[str] = data.pop("numbers")
    name = view.lookup_field
    found = view.get_queryset().filter(**{f"{name}__in": numbers}).values_list("pk", name)
    known = dict(found)
    outcome = item.service(list(known), now=timezone.now(), **data)
    answer = outcome_body(outcome, known)
    for number in sorted(set(numbers) - set(known.values())):
        answer["blocked"][number] = [str(GONE)]
    return Response(answer)


def verb_actions(verbs: Sequence[Verb]) -> list[Any]:
    """Return the view methods of verbs."""
    return [
        *(_one(item) for item in verbs),
        *(_bulk(item) for item in verbs if item.is_bulk),
    ]


def _one(item: Verb) -> Any:
    def run(self: Any, request: Request, **kwargs: Any) -> Response:
        return run_one(self, item, request)

    return _action(run, item, f"verb_{item.name}", "", item.body, detail=True)


@cache
def _bulk_body(body: type[VerbSerializer]) -> Any:
    name = f"Bulk{body.__name__.removesuffix('Serializer')}"
    return type(name, (body,), {"numbers": numbers_field(), "__doc__": body.__doc__})


def _bulk(item: Verb) -> Any:
    many = _bulk_body(item.body)

    def run(self: Any, request: Request, **kwargs: Any) -> Response:
        body = many(data=request.data)
        body.is_valid(raise_exception=True)
        return run_many(self, item, dict(body.validated_data))

    return _action(run, item, f"bulk_{item.name}", "verbs/", many, detail=False)


def _action(
    run: Any, item: Verb, name: str, path: str, body: type[VerbSerializer], *, detail: bool
) -> Any:
    # The router finds an action by the name of its function.
    run.__name__ = name
    run.__doc__ = (item.service.__doc__ or "").partition("\n")[0]
    slug = path + item.name.replace("_", "-")
    made = action(detail=detail, methods=["post"], url_path=slug, serializer_class=body)(run)
    made.permission = item.permission  # type: ignore[attr-defined]
    return extend_schema(request=body, responses=OutcomeSerializer)(made)

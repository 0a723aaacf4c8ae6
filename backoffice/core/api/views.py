"""The base views: documents are read and moved by verbs, settings are edited."""

import functools
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.actor import acting, transaction
from backoffice.core.api.problems import Problem
from backoffice.core.idempotency import (
    Answer,
    KeyInUseError,
    KeyReusedError,
    answer_once,
    fingerprint,
)
from backoffice.core.locks import lock
from backoffice.core.states import GONE, BlockedError, Outcome
from backoffice.core.versions import StaleError, unchanged_since

BULK_LIMIT = 1_000


class ActingMixin:
    """Let the caller act for the length of the request; honour `Idempotency-Key` on POST."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            self.stack = stack
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        request_id = getattr(request, "request_id", "")
        self.stack.enter_context(acting(request.user.pk, request_id=request_id))
        if request.method == "POST" and request.headers.get("Idempotency-Key"):
            self.post = functools.partial(self._once, self.post)  # type: ignore[has-type]

    def _once(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        key = request.headers["Idempotency-Key"]
        if len(key) > 255:
            raise Problem(400, "bad_key", _("The Idempotency-Key is longer than 255 characters."))
        print_ = fingerprint(request.method or "", request.path, request.stream_body)

        def work() -> Answer:
            try:
                # An answer that refuses leaves nothing but itself.
                with atomic():
                    response = handler(request, **kwargs)
            except Exception as error:
                response = self.handle_exception(error)  # type: ignore[attr-defined]
            body = json.loads(JSONRenderer().render(response.data))
            return Answer(response.status_code, body, retry_after=response.get("Retry-After", ""))

        try:
            answer = answer_once(request.user.pk, key, print_, work)
        except KeyInUseError:
            text = _("A request with this key is still at work; try again.")
            raise Problem(409, "key_in_use", text, 1) from None
        except KeyReusedError:
            text = _("This key was used for another request: choose a new one.")
            raise Problem(422, "key_reused", text) from None
        response = Response(answer.body, status=answer.status)
        if answer.status >= 400:
            response.content_type = "application/problem+json"
        if answer.retry_after:
            response["Retry-After"] = answer.retry_after
        if answer.is_replay:
            response["Idempotency-Replayed"] = "true"
        return response

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        # Read once here: the parser empties the stream.
        body = request.body
        wrapped = super().initialize_request(request, *args, **kwargs)  # type: ignore[misc]
        wrapped.stream_body = body
        return wrapped


class VerbSerializer(serializers.Serializer):
    """The body of a verb on one document."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)


class BulkVerbSerializer(VerbSerializer):
    """The body of a verb on many documents."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), min_length=1, max_length=BULK_LIMIT
    )


class OutcomeSerializer(serializers.Serializer):
    """What moved, and what did not and why."""

    moved = serializers.ListField(child=serializers.IntegerField())
    blocked = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


@dataclass(frozen=True, slots=True)
class Verb:
    """A business verb of a document: `service(ids, now=…, reason=…) -> Outcome`."""

    name: str
    service: Callable[..., Outcome]
    permission: str = ""


def outcome_body(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON."""
    return {
        "moved": outcome.moved,
        "blocked": {str(i): [str(r) for r in reasons] for i, reasons in outcome.blocked.items()},
    }


class DocumentViewSet(ActingMixin, viewsets.ReadOnlyModelViewSet):
    """Business documents: read, and moved by `POST {id}/{verb}` or `POST verbs/{verb}`."""

    verbs: Sequence[Verb] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for item in cls.__dict__.get("verbs", ()):
            for method in (_one(item), _bulk(item)):
                setattr(cls, method.__name__, method)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        document = self.get_object()
        tag = f'"{document.version}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return Response(self.get_serializer(document).data, headers={"ETag": tag})

    def run_verb(self, item: Verb, ids: list[int], reason: str, match: str = "") -> Outcome:
        """Call the verb's service, under the version that the caller saw."""
        model = self.queryset.model  # type: ignore[union-attr]
        visible = set(self.get_queryset().filter(pk__in=ids).values_list("pk", flat=True))
        now = timezone.now()
        if not match:
            outcome = item.service([i for i in ids if i in visible], now=now, reason=reason)
            if hidden := set(ids) - visible:
                outcome.block(hidden, GONE)
            return outcome
        tag = match.strip().strip('"')
        version = int(tag) if tag.isascii() and tag.isdigit() else -1
        try:
            with unchanged_since(model, ids[0], version, now=now, reason=reason):
                return item.service(ids, now=now, reason=reason)
        except StaleError:
            text = _("It changed meanwhile: read it again.")
            raise Problem(412, "stale", text) from None


def _one(item: Verb) -> Any:
    def run(self: DocumentViewSet, request: Request, **kwargs: Any) -> Response:
        body = VerbSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        pk = self.get_object().pk
        reason = body.validated_data.get("reason", "")
        outcome = self.run_verb(item, [pk], reason, request.headers.get("If-Match", ""))
        if outcome.blocked:
            raise BlockedError(outcome.blocked[pk])
        return Response(outcome_body(outcome))

    return _action(run, item, f"verb_{item.name}", "", VerbSerializer, detail=True)


def _bulk(item: Verb) -> Any:
    def run(self: DocumentViewSet, request: Request, **kwargs: Any) -> Response:
        body = BulkVerbSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        return Response(outcome_body(self.run_verb(item, data["ids"], data.get("reason", ""))))

    return _action(run, item, f"bulk_{item.name}", "verbs/", BulkVerbSerializer, detail=False)


def _action(
    run: Any, item: Verb, name: str, path: str, serializer: type[VerbSerializer], *, detail: bool
) -> Any:
    # The router finds an action by the name of its function.
    run.__name__ = name
    slug = path + item.name.replace("_", "-")
    made = action(detail=detail, methods=["post"], url_path=slug, serializer_class=serializer)(run)
    made.permission = item.permission  # type: ignore[attr-defined]
    return extend_schema(request=serializer, responses=OutcomeSerializer)(made)


class SettingsViewSet(
    ActingMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.ReadOnlyModelViewSet,
):
    """Master data: read, created and edited; retired by `is_active`, never deleted."""

    http_method_names = ["get", "post", "put", "patch", "head", "options"]

    @staticmethod
    def tag(row: models.Model) -> str:
        return f'"{row.updated_at.timestamp():.6f}"'  # type: ignore[attr-defined]

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        return Response(self.get_serializer(row).data, headers={"ETag": self.tag(row)})

    def perform_update(self, serializer: Any) -> None:
        match = self.request.headers.get("If-Match")
        if not match:
            raise Problem(428, "if_match_missing", _("Send If-Match with the ETag that you read."))
        model = self.queryset.model  # type: ignore[union-attr]
        with transaction(now=timezone.now()):
            lock(model, [serializer.instance.pk])
            if match != self.tag(model.objects.get(pk=serializer.instance.pk)):
                raise Problem(412, "stale", _("It changed meanwhile: read it again."))
            serializer.save()

    def perform_create(self, serializer: Any) -> None:
        with transaction(now=timezone.now()):
            serializer.save()


class ReadOnlyViewSet(ActingMixin, viewsets.ReadOnlyModelViewSet):
    """Rows that only services write."""

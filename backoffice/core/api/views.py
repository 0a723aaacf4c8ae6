"""The base views: documents are made, read and moved by verbs; settings are edited."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework import mixins, viewsets
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from backoffice.core.actor import transaction
from backoffice.core.api.acting import ActingMixin
from backoffice.core.api.creation import Creation, creation_actions
from backoffice.core.api.problems import Problem
from backoffice.core.api.verbs import Verb, verb_actions
from backoffice.core.locks import lock
from backoffice.core.scope import for_actor, is_limited, require_visible, wholly


class ReadOnlyViewSet(ActingMixin, viewsets.ReadOnlyModelViewSet):
    """Rows that only services write."""

    lookup_value_regex = "[^/]+"
    # What one row shows beyond what a list does, and what is fetched for it.
    detail_serializer_class: ClassVar[type[BaseSerializer] | None] = None
    detail_prefetch: ClassVar[Sequence[Any]] = ()
    # Whether rows are shown that are the caller's in part; `is_whole` tells which are all theirs.
    shows_parts: ClassVar[bool] = False

    @property
    def is_detailed(self) -> bool:
        return self.action in ("retrieve", "create")

    def get_serializer_class(self) -> Any:
        detailed = self.detail_serializer_class if self.is_detailed else None
        return detailed or super().get_serializer_class()

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        partly = self.shows_parts and self.action in ("list", "retrieve")
        if partly and is_limited():
            rows = rows.annotate(is_whole=wholly(rows.model))
        rows = for_actor(rows, partly=partly)
        return rows.prefetch_related(*self.detail_prefetch) if self.is_detailed else rows

    def tag(self, row: Any) -> str:
        """Return the ETag of a row: of what it says, where it has no version."""
        rendered = JSONRenderer().render(self.get_serializer(row).data)
        return f'"{blake2b(rendered, digest_size=12).hexdigest()}"'

    def body(self, serializer: type[BaseSerializer]) -> dict[str, Any]:
        """Return the validated body of the request."""
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def is_match(self, header: str, tag: str) -> bool:
        """Say whether a header of ETags names this one."""
        tags = parse_etags(self.request.headers.get(header, ""))
        return "*" in tags or tag in tags

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        headers = {"ETag": self.tag(row)}
        if self.is_match("If-None-Match", headers["ETag"]):
            return Response(status=304, headers=headers)
        return Response(self.get_serializer(row).data, headers=headers)


class DocumentViewSet(ReadOnlyViewSet):
    """Business documents, named by their numbers: made where `creation` says how, else only by
    the system, and moved by verbs.
    """

    lookup_field = "number"
    lookup_url_kwarg = "number"
    creation: ClassVar[Creation | None] = None
    verbs: ClassVar[Sequence[Verb]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = verb_actions(cls.__dict__.get("verbs", ()))
        creation = cls.__dict__.get("creation")
        if creation is not None:
            answer = cls.detail_serializer_class or cls.serializer_class
            methods += creation_actions(creation, answer)
        for method in methods:
            setattr(cls, method.__name__, method)

    def tag(self, row: Any) -> str:
        return f'"{row.version}"'

    def just_made(self, pk: int) -> Any:
        """Return a document that this request made."""
        return self.get_queryset().get(pk=pk)

    def get_object(self) -> Any:
        try:
            return super().get_object()
        except Http404:
            rows = for_actor(self.queryset.all(), partly=self.shows_parts)
            if is_limited() and rows.filter(**{self.lookup_field: self.kwargs["number"]}).exists():
                text = _("Only a part of it is yours: ask somebody who sees all of it.")
                raise PermissionDenied(text) from None
            raise


class SettingsViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadOnlyViewSet):
    """Master data: read, created and edited; retired by `is_active`, never deleted."""

    http_method_names = ["get", "post", "put", "patch", "head", "options"]

    def tag(self, row: Any) -> str:
        return f'"{row.updated_at.timestamp():.6f}"'

    def perform_update(self, serializer: Any) -> None:
        if not self.request.headers.get("If-Match"):
            raise Problem(428, "if_match_missing", _("Send If-Match with the ETag that you read."))
        model = self.queryset.model  # type: ignore[union-attr]
        with transaction(now=timezone.now()):
            lock(model, [serializer.instance.pk])
            fresh = model.objects.get(pk=serializer.instance.pk)
            if not self.is_match("If-Match", self.tag(fresh)):
                raise Problem(412, "stale", _("It changed meanwhile: read it again."))
            self._save(serializer)

    def perform_create(self, serializer: Any) -> None:
        with transaction(now=timezone.now()):
            self._save(serializer)

    def _save(self, serializer: Any) -> None:
        row = serializer.save()
        require_visible(row)
        self.headers["ETag"] = self.tag(row)

"""The OpenAPI description: what every operation may be told and may answer."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import ListSerializer, ModelSerializer, TimeField

from backoffice.core.api.problems import PROBLEM, ProblemSerializer

TIME = r"^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$"


def _header(name: str, text: str, *, required: bool = False, on: Any = False) -> OpenApiParameter:
    place = OpenApiParameter.HEADER
    return OpenApiParameter(name, str, place, required=required, description=text, response=on)


class BackofficeSchema(AutoSchema):
    """Group operations by app; tell of the headers and problems that all of a kind share."""

    def get_tags(self) -> list[str]:
        queryset = getattr(self.view, "queryset", None)
        return [queryset.model._meta.app_label] if queryset is not None else super().get_tags()

    @property
    def _writes(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    @property
    def _is_verb(self) -> bool:
        return str(getattr(self.view, "action", "")).startswith("verb_")

    @property
    def _acts(self) -> bool:
        return getattr(self.view, "is_match", None) is not None

    @property
    def _is_keyed(self) -> bool:
        return self.method in getattr(self.view, "keyed_methods", ())

    @property
    def _has_tag(self) -> bool:
        single = ("retrieve", "update", "partial_update")
        return self._acts and (self._is_verb or getattr(self.view, "action", "") in single)

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *self._headers()]

    def _headers(self) -> Iterator[OpenApiParameter]:
        if self._is_keyed:
            yield _header("Idempotency-Key", "The same key and request again: the same answer.")
            replayed = "`true` where an answer is given again."
            yield _header("Idempotency-Replayed", replayed, on=[200, 201, 202])
        if self._acts and self.method in ("PUT", "PATCH"):
            yield _header("If-Match", "The ETag that was read.", required=True)
        elif self._is_verb:
            yield _header("If-Match", "Act only if the document still has this ETag.")
        elif self._acts and getattr(self.view, "action", "") == "retrieve":
            yield _header("If-None-Match", "Answer 304 if this is still the ETag.")
        if self._has_tag:
            yield _header("ETag", "The version.", on=[200])
        yield _header("Retry-After", "Seconds to wait.", on=[409, 429])

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        if self._acts and getattr(self.view, "action", "") == "retrieve":
            bodies["304"] = {"description": "It still has the ETag that was sent."}
        error = getattr(self.view, "error_serializer", ProblemSerializer)
        media = [getattr(self.view, "error_type", PROBLEM)]
        for status in sorted(self._problems()):
            code = str(status)
            bodies[code] = self._get_response_for_code(error, code, media)
        return dict(sorted(bodies.items()))

    def _map_serializer_field(self, field: Any, direction: Any, *args: Any, **kwargs: Any) -> Any:
        schema = super()._map_serializer_field(field, direction, *args, **kwargs)
        if isinstance(field, ListSerializer) and direction == "request":
            if not field.allow_empty:
                schema["minItems"] = 1
            if field.max_length:
                schema["maxItems"] = field.max_length
        if isinstance(field, TimeField):
            # The format "time" of JSON Schema has a zone.
            schema.pop("format", None)
            schema["pattern"] = TIME
        if getattr(field, "allow_blank", False) and schema:
            # An empty text is neither an address nor one of the choices.
            schema.pop("format", None)
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], ""]
        return schema

    def _get_paginator(self) -> Any:
        return super()._get_paginator() if self.method == "GET" else None

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        if direction == "response" and isinstance(serializer, ModelSerializer):
            # What is read of a row is always there, whatever may be left out when it is written.
            schema["required"] = sorted(schema["properties"])
        return schema

    def _problems(self) -> set[int]:
        statuses = {400, 404, 406, 429}
        if self.view.authentication_classes:
            statuses |= {401, 403}
        if self._writes:
            statuses |= {409, 413, 415}
        if self._is_keyed:
            statuses |= {422}
        if self._is_verb:
            statuses |= {412}
        if self._acts and self.method in ("PUT", "PATCH"):
            statuses |= {412, 428}
        return statuses


class TokenScheme(OpenApiAuthenticationExtension):
    """Integrations sign in by token."""

    target_class = "backoffice.core.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    """Staff sign in by session."""

    target_class = "backoffice.core.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}

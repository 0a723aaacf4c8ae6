"""Errors as application/problem+json (RFC 9457)."""

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from backoffice.core.actor import IN_USE
from backoffice.core.constraints import refusal
from backoffice.core.states import BlockedError

logger = logging.getLogger(__name__)
PROBLEM = "application/problem+json"


class FieldErrorSerializer(serializers.Serializer):
    """One reason; the field is empty where it is about the whole."""

    field = serializers.CharField()
    detail = serializers.CharField()
    code = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """An error that the caller can mend (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)


class Problem(APIException):
    """An error with a status, a title and what to do next."""

    def __init__(self, status_code: int, code: str, detail: str, retry_after: int = 0) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.retry_after = retry_after


def problem(
    request: Any, status_code: int, code: str, detail: str, errors: list[Any] | None = None
) -> Response:
    """Return one problem document."""
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status_code,
        "detail": detail,
        "instance": request.path if request else "",
        "request_id": getattr(request, "request_id", "") if request else "",
    }
    if errors:
        body["errors"] = errors
    return Response(body, status=status_code, content_type=PROBLEM)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn any error that a caller can mend into a problem document."""
    request = context.get("request")
    if isinstance(error, BlockedError):
        reasons = [{"field": "", "detail": str(r), "code": "blocked"} for r in error.reasons]
        text = " ".join(r["detail"] for r in reasons)
        return problem(request, 409, "blocked", text, reasons)
    if isinstance(error, OperationalError):
        if getattr(error.__cause__, "sqlstate", "") not in IN_USE:
            return None
        error = Problem(409, "in_use", _("Somebody else works on it; try again."), 1)
    elif isinstance(error, IntegrityError):
        logger.info("Refused by a constraint: %s", error)
        text = refusal(error) or _("It collides with what is stored.")
        error = Problem(409, "conflict", text)
    elif isinstance(error, (DataError, UnicodeError)):
        error = Problem(400, "bad_value", _("A value is out of range or not text."))
    elif isinstance(error, ValueError) and "NUL" in str(error):
        error = Problem(400, "bad_value", _("Text must not contain NUL."))
    response = drf_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        errors = list(field_errors(error.detail))
        detail = _("The request is not valid: see errors.")
        return problem(request, response.status_code, "invalid", detail, errors)
    code = _code(error)
    answer = problem(request, response.status_code, code, str(getattr(error, "detail", error)))
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in response:
            answer[name] = response[name]
    retry_after = getattr(error, "retry_after", 0)
    if retry_after:
        answer["Retry-After"] = str(retry_after)
    return answer


def _code(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "permission_denied"
    codes = getattr(error, "get_codes", lambda: "error")()
    return codes if isinstance(codes, str) else "error"


def field_errors(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Yield what is wrong, field by field."""
    if isinstance(detail, dict):
        for name, value in detail.items():
            yield from field_errors(value, f"{field}.{name}".strip("."))
    elif isinstance(detail, list):
        for n, value in enumerate(detail):
            nested = isinstance(value, (dict, list))
            yield from field_errors(value, f"{field}.{n}".strip(".") if nested else field)
    else:
        yield {"field": field, "detail": str(detail), "code": getattr(detail, "code", "invalid")}

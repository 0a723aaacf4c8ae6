"""Who acts in a request, and what is done once however often it is asked for."""

import functools
import json
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.actor import acting
from backoffice.core.api.problems import PROBLEM, Problem
from backoffice.core.idempotency import (
    Answer,
    KeyInUseError,
    KeyReusedError,
    answer_once,
    fingerprint,
)


class ActingMixin:
    """Let the caller act for the length of the request; honour `Idempotency-Key` on POST."""

    keyed_methods: Collection[str] = ("POST",)
    error_type = PROBLEM
    raw_body: bytes | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            self.stack = stack
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        # Read once here: the parser empties the stream.
        try:
            self.raw_body = request.body
        except RequestDataTooBig:
            self.raw_body = None
        return super().initialize_request(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if self.raw_body is None:
            raise Problem(413, "too_large", _("The body is too large: send less at once."))
        request_id = getattr(request, "request_id", "")
        self.stack.enter_context(acting(request.user.pk, request_id=request_id))
        if request.method in self.keyed_methods and request.headers.get("Idempotency-Key"):
            name = request.method.lower()
            setattr(self, name, functools.partial(self._once, getattr(self, name)))

    def _once(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        key = request.headers["Idempotency-Key"]
        if len(key) > 255:
            raise Problem(400, "bad_key", _("The Idempotency-Key is longer than 255 characters."))
        print_ = fingerprint(request.method or "", request.path, self.raw_body or b"")

        def read(response: Response) -> Answer:
            body = json.loads(JSONRenderer().render(response.data))
            return Answer(response.status_code, body, retry_after=response.get("Retry-After", ""))

        def work() -> Answer:
            return read(handler(request, **kwargs))

        def refusal(error: Exception) -> Answer:
            return read(self.handle_exception(error))  # type: ignore[attr-defined]

        try:
            answer = answer_once(request.user.pk, key, print_, work, refusal)
        except KeyInUseError:
            text = _("A request with this key is still at work; try again.")
            raise Problem(409, "key_in_use", text, 1) from None
        except KeyReusedError:
            text = _("This key was used for another request: choose a new one.")
            raise Problem(422, "key_reused", text) from None
        response = Response(answer.body, status=answer.status)
        if answer.status >= 400:
            response.content_type = self.error_type
        if answer.retry_after:
            response["Retry-After"] = answer.retry_after
        if answer.is_replay:
            response["Idempotency-Replayed"] = "true"
        return response

"""One call to a channel over HTTP; whatever fails becomes the fitting CallError."""

from typing import Any

import httpx

from backoffice.core.calls import PermanentError, TemporaryError, check_answer

TIMEOUT = httpx.Timeout(15.0, connect=5.0)


def call(http: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    """Call a channel once; retries and rest are for who asked."""
    try:
        answer = http.request(method, url, timeout=TIMEOUT, follow_redirects=False, **options)
    except httpx.TimeoutException as error:
        raise TemporaryError("no answer in time", is_timeout=True) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TemporaryError(f"{type(error).__name__}: {error}"[:300]) from error
    try:
        check_answer(answer.status_code, answer.headers)
    except PermanentError as error:
        raise PermanentError(f"{error}: {answer.text[:200]}") from None
    return answer


def read(answer: httpx.Response) -> Any:
    """Return an answer's JSON."""
    try:
        return answer.json()
    except ValueError as error:
        raise TemporaryError("the answer is no JSON") from error

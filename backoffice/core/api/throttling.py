"""Requests per minute and caller, counted atomically in Redis."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)
WINDOW = 60


class TokenThrottle(BaseThrottle):
    """A fixed window of a minute; open where Redis does not answer."""

    def allow_request(self, request: Request, view: Any) -> bool:
        user = request.user
        who = user.pk if user and user.is_authenticated else self.get_ident(request)
        self.now = time.time()
        key = f"throttle:{who}:{int(self.now // WINDOW)}"
        try:
            cache.add(key, 0, WINDOW * 2)
            count = cache.incr(key)
        except Exception as error:
            logger.warning("Requests are not counted: %s", error)
            return True
        return count <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        return WINDOW - self.now % WINDOW

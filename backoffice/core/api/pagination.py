"""Opaque cursors over a unique order; no count."""

from django.utils.translation import gettext as _
from rest_framework import pagination
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


class CursorPagination(pagination.CursorPagination):
    """Newest first by key; `page_size` up to 500."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    cursor_query_param = "cursor"

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and 0 < len(asked) < 9 and int(asked)):
            raise ValidationError({self.page_size_query_param: [_("Give a number from 1 to 500.")]})
        return min(int(asked), self.max_page_size)

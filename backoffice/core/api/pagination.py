"""Opaque cursors over a unique order; no count."""

from rest_framework import pagination


class CursorPagination(pagination.CursorPagination):
    """Newest first by key; `page_size` up to 500."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    cursor_query_param = "cursor"

"""Opaque cursors over a unique order; no count."""

from typing import Any

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

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
        texts = {"cursor": "Where the page begins.", "page_size": "Rows of a page."}
        schemas = {"cursor": {"type": "string"}, "page_size": size | {"default": self.page_size}}
        return [
            {"name": name, "in": "query", "description": texts[name], "schema": schemas[name]}
            for name in schemas
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

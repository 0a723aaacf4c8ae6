"""Documents as PDF over the API."""

from base64 import b64encode
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from finance.papers.registry import paper


class PaperSerializer(serializers.Serializer):
    name = serializers.CharField()
    content = serializers.CharField(help_text="Base64.")


def pdf_action() -> Any:
    """Return the view method that sends a document as PDF."""

    @extend_schema(responses=PaperSerializer)
    @action(detail=True)
    def pdf(self: Any, request: Request, **kwargs: Any) -> Response:
        """Return the document as PDF, in Base64."""
        document = self.get_object()
        content = b64encode(paper(document)).decode()
        return Response(PaperSerializer({"name": f"{document}.pdf", "content": content}).data)

    return pdf

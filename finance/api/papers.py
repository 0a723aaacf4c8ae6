"""Documents as PDF over the API."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from finance.papers.registry import paper


def pdf_action() -> Any:
    """Return the view method that sends a document as PDF."""

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    def pdf(self: Any, request: Request, **kwargs: Any) -> HttpResponse:
        """Return the document as PDF."""
        return HttpResponse(paper(self.get_object()), content_type="application/pdf")

    return pdf

"""The filters of an endpoint: unknown, empty and wrong parameters get 400."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from backoffice.core.filtering import FilterError, FilterSet

PAGING = {"cursor", "page_size", "format"}


class StrictFilterBackend(DjangoFilterBackend):
    """Filter by the document's own filter set, strictly."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            filterset = FilterSet(request.query_params, queryset=queryset)
        try:
            return filterset.strict(ignore=PAGING)
        except FilterError as error:
            raise ValidationError(error.errors) from None

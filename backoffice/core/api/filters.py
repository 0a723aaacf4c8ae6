"""Filters that refuse what they do not know, so that a typing error never selects everything."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = {"cursor", "page_size", "format"}


class StrictFilterBackend(DjangoFilterBackend):
    """Refuse unknown, empty and invalid parameters with 400."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filterset = self.get_filterset(request, queryset, view)
        known: set[str] = set()
        if filterset is not None:
            for name, field in filterset.form.fields.items():
                suffixes = getattr(field.widget, "suffixes", None)
                known |= {f"{name}_{s}" for s in suffixes} if suffixes else {name}
        errors = {}
        for name in request.query_params:
            if name in PAGING:
                continue
            if name not in known:
                errors[name] = [_("This filter is unknown.")]
            elif not request.query_params[name]:
                errors[name] = [_("This filter is empty.")]
        if errors:
            raise ValidationError(errors)
        return super().filter_queryset(request, queryset, view)

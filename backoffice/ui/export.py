"""The CSV file of a list: the columns that the list shows, all chosen rows."""

import logging
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from backoffice.core.exports import csv_response

logger = logging.getLogger(__name__)


@admin.action(description=_("Export as CSV"))
def export_csv(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any
) -> StreamingHttpResponse:
    """Stream the chosen rows as they are shown."""
    fields = list(exported_fields(modeladmin, request))
    related = [f.name for f in fields if f.is_relation]
    rows = queryset.select_related(*related) if related else queryset.select_related(None)
    opts = modeladmin.opts
    logger.info("%s are exported", opts.label_lower)
    return csv_response(
        f"{opts.app_label}-{opts.model_name}",
        [f.verbose_name for f in fields],
        ([getattr(row, f.name) for f in fields] for row in rows.iterator(chunk_size=2000)),
    )


def exported_fields(modeladmin: admin.ModelAdmin, request: HttpRequest) -> Iterator[models.Field]:
    """Yield the model's fields behind a list's columns, the key first."""
    opts = modeladmin.model._meta
    seen = {opts.pk.name}
    yield opts.pk
    for column in modeladmin.get_list_display(request):
        if not isinstance(column, str):
            column = getattr(column, "admin_order_field", "")
        elif hasattr(modeladmin, column):
            column = getattr(getattr(modeladmin, column), "admin_order_field", "")
        try:
            found = opts.get_field(str(column))
        except FieldDoesNotExist:
            continue
        if isinstance(found, models.Field) and found.name not in seen:
            seen.add(found.name)
            yield found

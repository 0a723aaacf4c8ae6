"""Fields that the serializers of several floors share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(OpenApiTypes.STR)
class CodeField(serializers.SlugRelatedField):
    """A settings row by its code."""

    def __init__(self, model: Any, **options: Any) -> None:
        super().__init__("code", queryset=model.objects.all(), **options)

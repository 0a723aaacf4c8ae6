"""System checks of the screens."""

from typing import Any

from django.contrib import admin
from django.core.checks import Error, register

from backoffice.ui.admin import BaseAdmin
from backoffice.ui.theme import StackedInline, TabularInline


@register()
def check_screens(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse screens that are not built on our base: the theme would leave them unstyled."""
    errors = []
    for model, screen in admin.site._registry.items():
        if not isinstance(screen, BaseAdmin):
            errors.append(
                Error(
                    f"The screen of {model._meta.label} is not built on backoffice.ui.admin.",
                    hint="Derive it from SettingsAdmin, DocumentAdmin or ReadOnlyAdmin.",
                    id="ui.E001",
                )
            )
        for inline in screen.inlines:
            if not issubclass(inline, (TabularInline, StackedInline)):
                errors.append(
                    Error(
                        f"{inline.__name__} of {model._meta.label} is not built on our inlines.",
                        hint="Derive it from Inline or ReadOnlyInline of backoffice.ui.admin.",
                        id="ui.E002",
                    )
                )
    return errors

"""Screens of people: colleagues, roles."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from backoffice.core.actor import transaction
from backoffice.core.models import User
from backoffice.ui.admin import SettingsAdmin
from backoffice.ui.theme import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm


@admin.register(Group)
class GroupAdmin(SettingsAdmin, DjangoGroupAdmin):
    pass


@admin.register(User)
class UserAdmin(SettingsAdmin, DjangoUserAdmin):
    form = UserChangeForm
    add_form = AdminUserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "kind", "is_active", "is_staff")
    list_filter = ("kind", "is_active", "is_staff")
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (gettext_lazy("Preferences"), {"fields": ("kind", "language", "time_zone")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if request.user.is_superuser:  # type: ignore[union-attr]
            return fields
        # Whoever manages users does not hand out more than they have.
        return (*fields, "is_superuser", "user_permissions", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or not obj.is_superuser or request.user.is_superuser)  # type: ignore[union-attr]

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        with transaction(now=timezone.now()):
            return super().user_change_password(request, id, form_url)

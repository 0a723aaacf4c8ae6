"""The admin theme, or Django's plain admin in its place; nothing else imports the theme."""

from django.conf import settings

if settings.PLAIN_ADMIN:
    from django.contrib.admin import AdminSite, ModelAdmin, StackedInline, TabularInline
else:
    from unfold.admin import ModelAdmin, StackedInline, TabularInline
    from unfold.sites import UnfoldAdminSite as AdminSite

__all__ = ["AdminSite", "ModelAdmin", "StackedInline", "TabularInline"]

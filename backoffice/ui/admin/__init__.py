"""The base classes of all screens."""

from backoffice.ui.admin.acts import Act, ActsMixin
from backoffice.ui.admin.base import (
    BaseAdmin,
    Inline,
    NeverDeleted,
    ReadOnly,
    ReadOnlyAdmin,
    ReadOnlyInline,
    SettingsAdmin,
)
from backoffice.ui.admin.documents import DocumentAdmin

__all__ = [
    "Act",
    "ActsMixin",
    "BaseAdmin",
    "DocumentAdmin",
    "Inline",
    "NeverDeleted",
    "ReadOnly",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "SettingsAdmin",
]

"""The base classes of all screens."""

from backoffice.ui.admin.acts import Act, ActsMixin, ReasonForm, act_on_many
from backoffice.ui.admin.adding import AddingMixin
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
from backoffice.ui.admin.records import RecordAdmin

__all__ = [
    "Act",
    "ActsMixin",
    "AddingMixin",
    "BaseAdmin",
    "DocumentAdmin",
    "Inline",
    "NeverDeleted",
    "ReadOnly",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "ReasonForm",
    "RecordAdmin",
    "SettingsAdmin",
    "act_on_many",
]

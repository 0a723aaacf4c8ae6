"""Roles: which permissions the product gives to whom; every floor says it in its `roles.py`."""

from collections import defaultdict
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.core.checks import Error, register
from django.db import connection
from django.utils import translation

from backoffice.core.choices import Role
from backoffice.core.history import HistoryBase
from backoffice.core.models import StaffRole, User

GRANTS: dict[str, dict[str, list[str]]] = defaultdict(dict)


def grant(app: str, grants: Mapping[Role, str]) -> None:
    """Give roles permissions of one app: codenames, `view_*` for all, `-view_x` for all but one."""
    for role, names in grants.items():
        GRANTS[app][role] = names.split()


def codenames(app: str) -> set[str]:
    """Return the permissions that the models of an app have.

    History goes with its document: a permission of its own would tell nothing.
    """
    found = set()
    for model in apps.get_app_config(app).get_models():
        meta = model._meta
        if issubclass(model, HistoryBase):
            continue
        found |= {f"{action}_{meta.model_name}" for action in meta.default_permissions}
        found |= {name for name, _text in meta.permissions}
    return found


def given(app: str, role: str) -> set[str]:
    """Return the codenames that a role is given in an app."""
    names: set[str] = set()
    for pattern in GRANTS[app].get(role, []):
        if pattern[0] == "-":
            names -= _matching(app, pattern[1:])
        else:
            names |= _matching(app, pattern)
    return names


def _matching(app: str, pattern: str) -> set[str]:
    return {name for name in codenames(app) if fnmatchcase(name, pattern)}


@register()
def check_grants(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse roles with permissions that no model has."""
    return [
        Error(
            f"{role} is given {app}.{pattern}, which is no permission.",
            hint=f"Mend it in {app}/roles.py.",
            id="core.E005",
        )
        for app, roles in GRANTS.items()
        for role, patterns in roles.items()
        for pattern in patterns
        if not _matching(app, pattern.removeprefix("-"))
    ]


def sync_roles(sender: AppConfig, **kwargs: Any) -> None:
    """Give each role what is new in an app that was migrated; never take or give again."""
    if sender.label not in GRANTS or settings.DATABASE_ROLE != "owner":
        return
    if StaffRole._meta.db_table not in connection.introspection.table_names():
        return
    create_permissions(sender, verbosity=0)
    for role in Role:
        _sync(sender.label, role)


def _sync(app: str, role: Role) -> None:
    group = Group.objects.filter(staff_role__role=role).first()
    if group is None:
        with translation.override("en"):
            group, _made = Group.objects.get_or_create(name=str(role.label))
    row, _made = StaffRole.objects.get_or_create(role=role, defaults={"group": group})
    new = {f"{app}.{name}" for name in given(app, role)} - set(row.given)
    if not new:
        return
    names = [name.partition(".")[2] for name in new]
    found = Permission.objects.filter(content_type__app_label=app, codename__in=names)
    group.permissions.add(*found)
    row.given = sorted({*row.given, *new})
    row.save(update_fields=["given"])


def group_label(group: Group) -> str:
    """Return a group's name; a role that nobody renamed is named in the reader's language."""
    role = getattr(group, "staff_role", None)
    if role is None:
        return group.name
    with translation.override("en"):
        is_ours = group.name == str(role)
    return str(role) if is_ours else group.name


def roles_of(user: User) -> set[str]:
    """Return the roles that somebody has."""
    rows = StaffRole.objects.filter(group__user=user)
    return set(rows.values_list("role", flat=True))

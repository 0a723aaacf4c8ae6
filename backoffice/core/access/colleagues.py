"""Colleagues: who may manage whom, roles given and taken, passwords set by a link."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import available_timezones

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from backoffice.core.access.sessions import sign_out_everywhere
from backoffice.core.actor import service
from backoffice.core.choices import UserKind
from backoffice.core.events import Fact, emit
from backoffice.core.models import User


class PasswordLinks(PasswordResetTokenGenerator):
    """Signed, good for a day and for one password; a newer link ends the older ones."""

    key_salt = "core.password_link"

    def _make_hash_value(self, user: User, timestamp: int) -> str:  # type: ignore[override]
        return f"{super()._make_hash_value(user, timestamp)} {user.session_generation}"


LINKS = PasswordLinks()


def may_manage(actor: User, other: User) -> bool:
    """Say whether who manages users may manage this one: nobody with rights that they lack."""
    if other.kind != UserKind.PERSON:
        return False
    if actor.is_superuser or actor.pk == other.pk:
        return True
    return not other.is_superuser and other.get_all_permissions() <= actor.get_all_permissions()


def groups_to_give(actor: User) -> QuerySet[Group]:
    """Return the groups that somebody may give: those whose permissions they all have."""
    groups = Group.objects.select_related("staff_role").order_by("name")
    if actor.is_superuser:
        return groups
    own = actor.get_all_permissions()
    every = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    lacking = [pk for pk, app, name in every if f"{app}.{name}" not in own]
    beyond = Group.permissions.through.objects.filter(
        group_id=OuterRef("pk"), permission_id__in=lacking
    )
    return groups.filter(~Exists(beyond))


def time_zones() -> list[str]:
    """Return the zones that people live in, and UTC."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith("Etc")}
    return ["UTC", *sorted(places)]


@service
def record_roles(
    user_id: int, *, before: Iterable[str], after: Iterable[str], now: datetime
) -> None:
    """Tell which groups somebody was given and which were taken."""
    old, new = set(before), set(after)
    if old != new:
        changed = {"given": ", ".join(sorted(new - old)), "taken": ", ".join(sorted(old - new))}
        emit("user.roles_changed", [Fact(user_id, data=changed)])


@service
def make_password_link(user: User, *, now: datetime) -> str:
    """Return the address where somebody sets a password, once; end their sessions."""
    sign_out_everywhere([user.pk], now=now)
    emit("user.password_link_made", [Fact(user.pk)])
    user.refresh_from_db()
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("admin:set_password", args=[uid, LINKS.make_token(user)])

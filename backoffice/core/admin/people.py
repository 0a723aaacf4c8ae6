"""Screens of people: colleagues and their roles."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.access.colleagues import (
    groups_to_give,
    make_password_link,
    may_manage,
    record_roles,
    time_zones,
)
from backoffice.core.access.roles import group_label
from backoffice.core.access.second_factor import (
    factor_of,
    recovery_codes_left,
    reset_second_factors,
)
from backoffice.core.access.sessions import sign_out_everywhere
from backoffice.core.actor import current_actor
from backoffice.core.choices import UserKind
from backoffice.core.models import User
from backoffice.ui.admin import Act, ActsMixin, SettingsAdmin
from backoffice.ui.timeline import story


@admin.register(Group)
class GroupAdmin(SettingsAdmin, DjangoGroupAdmin):
    """Groups, changed by superusers alone: who could change their own could have everything."""

    why_no_import = gettext_lazy("What a role may do is decided one by one.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


class RolesField(forms.ModelMultipleChoiceField):
    """Roles to be ticked."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, group: Group) -> str:
        return group_label(group)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class ColleagueForm(forms.ModelForm):
    """A colleague: name, address, roles, language and zone."""

    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007  (the screen says which)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            self.fields["username"].required = False
            self.fields["username"].help_text = _("What they sign in with; empty: the address.")
        for name in ("email", "first_name"):
            if name in self.fields:
                self.fields[name].required = True

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        others = User.objects.filter(kind=UserKind.PERSON, email__iexact=email)
        other = others.exclude(pk=self.instance.pk).first()
        if other is not None:
            raise forms.ValidationError(_("%(who)s has this address.") % {"who": other})
        return email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "username" in values and not values["username"]:
            values["username"] = values.get("email", "").lower()
        if self.instance.pk == current_actor().user_id:
            for name in ("is_active", "is_superuser"):
                if getattr(self.instance, name) and not values.get(name, True):
                    self.add_error(name, _("Let somebody else take this from you."))
        return values


def _link(request: HttpRequest, user: User, now: datetime, values: Any) -> None:
    link = request.build_absolute_uri(make_password_link(user, now=now))
    text = _("Link for %(who)s to set a password, shown this once, good for a day: %(link)s")
    messages.warning(request, text % {"who": user, "link": link})


def _reset(request: HttpRequest, user: User, now: datetime, values: Any) -> None:
    reset_second_factors([user.pk], now=now, reason=values["reason"])
    messages.success(request, _("%(who)s sets up a new one at the next sign-in.") % {"who": user})


def _sign_out(request: HttpRequest, user: User, now: datetime, values: Any) -> None:
    sign_out_everywhere([user.pk], now=now, reason=values["reason"])
    messages.success(request, _("%(who)s is signed out everywhere.") % {"who": user})


ACTS = {
    "link": Act(
        gettext_lazy("New password link"),
        gettext_lazy(
            "%(row)s gets a link to set a password. All their sessions end, and older links."
        ),
        _link,
        may=lambda request, user: user.is_active,
    ),
    "reset": Act(
        gettext_lazy("Reset the second factor"),
        gettext_lazy(
            "Only after making sure that it is %(row)s who asks: with the password alone, they"
            " set up a new second factor. All their sessions end."
        ),
        _reset,
        form=ReasonForm,
        may=lambda request, user: request.user.is_superuser and factor_of(user) is not None,
    ),
    "sign-out": Act(
        gettext_lazy("Sign out everywhere"),
        gettext_lazy("All sessions of %(row)s end."),
        _sign_out,
        form=ReasonForm,
    ),
}


@admin.register(User)
class UserAdmin(ActsMixin, SettingsAdmin):
    why_no_import = gettext_lazy("Colleagues are added one by one, each with their roles.")
    form = ColleagueForm
    acts = ACTS
    change_form_template = "ui/colleague.html"
    list_display = ("username", "__str__", "roles", "kind", "is_active", "last_login")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    opens_with = "kind=PERSON"
    tabs = (
        (gettext_lazy("People"), "kind=PERSON"),
        (gettext_lazy("Programs"), "kind=INTEGRATION"),
        (gettext_lazy("Automatic jobs"), "kind=JOB"),
    )
    filter_horizontal = ("user_permissions",)
    readonly_fields = ("last_login", "second_factor")
    # Higher floors add what they know of somebody.
    inlines: ClassVar[list[Any]] = []

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups__staff_role")

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(sorted(group_label(group) for group in user.groups.all()))

    @admin.display(description=gettext_lazy("Second factor"))
    def second_factor(self, user: User) -> str:
        device = factor_of(user)
        if device is None:
            return _("Not set up")
        text = _("Set up on %(day)s; %(n)s recovery codes are left")
        day = timezone.localtime(device.created_at).date() if device.created_at else "?"
        return text % {"day": day, "n": recovery_codes_left(user)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets = [
            (None, {"fields": (("first_name", "last_name"), "email", "username")}),
            (gettext_lazy("Work"), {"fields": ("groups", ("language", "time_zone"))}),
        ]
        if obj is not None:
            access = {"fields": ("is_active", ("last_login", "second_factor"))}
            sets.append((gettext_lazy("Access"), access))
        if request.user.is_superuser:
            own = {"fields": ("is_superuser", "user_permissions"), "classes": ("collapse",)}
            sets.append((gettext_lazy("Rights beside the roles"), own))
        return sets

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **kwargs)
        return RolesField(groups_to_give(request.user), required=False, label=_("Roles"))

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "time_zone":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        zones = [(name, name) for name in time_zones()]
        label = capfirst(db_field.verbose_name)
        widget = forms.Select(attrs={"class": "bo-field"})
        return forms.ChoiceField(choices=zones, label=label, initial="UTC", widget=widget)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or may_manage(request.user, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.kind, obj.is_staff = UserKind.PERSON, True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        user, now = form.instance, timezone.now()
        before = list(user.groups.values_list("name", flat=True))
        super().save_related(request, form, formsets, change)
        after = list(user.groups.values_list("name", flat=True))
        record_roles(user.pk, before=before, after=after, now=now)
        if not change:
            _link(request, user, now, {})

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        user = kwargs.get("obj")
        context["bo_timeline"] = story(user).entries if user is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

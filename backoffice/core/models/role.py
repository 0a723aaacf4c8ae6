"""Roles: groups that the product fills."""

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Role


class StaffRole(models.Model):
    """A group behind a role; staff may rename it, add permissions and take them away."""

    role = models.CharField(_("role"), max_length=12, choices=Role.choices, unique=True)
    group = models.OneToOneField(Group, models.PROTECT, related_name="staff_role")
    # Everything the product ever gave: what staff took away is not given again.
    given = ArrayField(models.CharField(max_length=150), default=list)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(self.get_role_display())

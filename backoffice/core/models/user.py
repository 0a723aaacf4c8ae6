"""The users: people, integrations and jobs alike."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import UserKind
from backoffice.core.history import History


class User(AbstractUser):
    """Somebody or something that acts; deactivated, never deleted."""

    # Who acted is never forgotten: users are deactivated.
    impersonal_fields = ("username", "first_name", "last_name", "email")

    kind = models.CharField(
        _("kind"), max_length=12, choices=UserKind.choices, default=UserKind.PERSON
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        default="",
        help_text=_("Empty: as the browser says."),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")

    # Part of every session's seal: one more ends them all.
    session_generation = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    secret_fields = ("password",)
    history = History(excluded_fields=["last_login", "session_generation"])

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined,misc]
        verbose_name = _("user")  # type: ignore[assignment]
        verbose_name_plural = _("users")  # type: ignore[assignment]
        permissions = [("export_personal", _("Can export personal data"))]

    def __str__(self) -> str:
        if self.kind == UserKind.JOB:
            from backoffice.core.tasks import job_label

            name = self.username.removeprefix("job:")
            return gettext("Automatic: %(job)s") % {"job": job_label(name)}
        return self.get_full_name() or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        value = f"{self.session_generation} {self.password}"
        return salted_hmac("core.user.session", value, secret, algorithm="sha256").hexdigest()

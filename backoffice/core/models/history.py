"""Earlier values of personal columns, kept apart so that they can be erased."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PersonalValue(models.Model):
    """What personal columns held before a change; the only erasable part of history."""

    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    changed_at = models.DateTimeField()
    values = models.JSONField()

    class Meta:
        verbose_name = _("earlier personal value")
        verbose_name_plural = _("earlier personal values")
        indexes = [models.Index("subject_type", "subject_id", name="personal_value_subject")]

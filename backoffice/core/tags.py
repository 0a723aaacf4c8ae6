"""Tags on documents: a column, its filter, and the two verbs that change it."""

from collections.abc import Sequence

import django_filters
from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from backoffice.core.states import Guard, Machine, Outcome

MOST = 20
TAG = r"^\w[\w .:-]{0,39}$"
FEW_TAGS = Guard("few_tags", Q(tags__len__lt=MOST), _("It has 20 tags: take one off first."))


def tags_column() -> ArrayField:
    """Return the column `tags` of a model; add `few_tags` to its constraints."""
    return ArrayField(
        models.CharField(max_length=40), verbose_name=_("tags"), default=list, db_default=[]
    )


def few_tags(name: str) -> models.CheckConstraint:
    """Return the constraint that a document has no more tags than anybody reads."""
    return models.CheckConstraint(condition=Q(tags__len__lte=MOST), name=name)


class TagFilter(django_filters.CharFilter):
    """The documents that have a tag."""

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        # The index knows only documents that have tags.
        return qs.exclude(tags=[]).filter(tags__contains=[value]) if value else qs


def tag_field() -> forms.Field:
    """Return the form field of one tag."""
    return forms.RegexField(TAG, label=_("tag"), help_text=_("Up to 40 letters and digits."))


def put_tag(machine: Machine, ids: Sequence[int], tag: str) -> Outcome:
    """Put a tag on documents, in the open service block."""
    outcome = machine.check(ids, "tag")
    having = machine.model._base_manager.filter(pk__any=outcome.moved, tags__contains=[tag])
    outcome.block(having.values_list("pk", flat=True), _("It has this tag already."))
    return _moved(machine, outcome, "tag", tag, "array_append")


def take_tag(machine: Machine, ids: Sequence[int], tag: str) -> Outcome:
    """Take a tag off documents, in the open service block."""
    outcome = machine.check(ids, "untag")
    rows = machine.model._base_manager.filter(pk__any=outcome.moved)
    lacking = rows.exclude(tags__contains=[tag])
    outcome.block(lacking.values_list("pk", flat=True), _("It does not have this tag."))
    return _moved(machine, outcome, "untag", tag, "array_remove")


def _moved(machine: Machine, outcome: Outcome, verb: str, tag: str, function: str) -> Outcome:
    data = dict.fromkeys(outcome.moved, {"tag": tag})
    tags = Func(F("tags"), Value(tag), function=function)
    machine.move(outcome.moved, verb, data=data, values={"tags": tags})
    return outcome

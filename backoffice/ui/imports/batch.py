"""Rows of a list, made or changed by its screen's own form, many at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DatabaseError, models, transaction
from django.db.models import Q
from django.forms.models import construct_instance
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from backoffice.core.actor import IN_USE, current_unit
from backoffice.core.constraints import refusal
from backoffice.core.imports.registry import Column, Importer, Row, Verdict
from backoffice.core.locks import lock
from backoffice.core.models import User
from backoffice.core.models.imports import RowEffect
from backoffice.ui.changes import shown
from backoffice.ui.imports.fields import Found, Read, YesNo, hint, readable


def settings_importer(screen: Any) -> Importer:
    """Return the importer of a list whose screen names its natural key as `import_key`."""
    opts = screen.opts
    return Importer(
        name=opts.label_lower,
        label=opts.verbose_name_plural,
        columns=SimpleLazyObject(lambda: _columns(screen)),  # type: ignore[arg-type]
        permission=f"{opts.app_label}.change_{opts.model_name}",
        check=lambda rows: Batch(screen, rows).tried(),
        load=lambda rows, *, now, reason: Batch(screen, rows).loaded(),
        key=screen.import_key,
    )


def _request(user: Any) -> HttpRequest:
    request = HttpRequest()
    request.user = user
    return request


def _fields(form: Any) -> dict[str, Read]:
    """Return what reads the fields of a form class from text."""
    found = {name: readable(field) for name, field in form.base_fields.items()}
    return {name: field for name, field in found.items() if field is not None}


def _columns(screen: Any) -> list[Column]:
    everybody = User(is_superuser=True, is_staff=True, is_active=True)
    form = screen.get_form(_request(everybody), None, change=False)
    columns = [
        Column(
            name,
            field.label,
            is_required=name in screen.import_key and field.required,
            is_for_new=field.required and not _has_default(screen.model, name),
            hint=hint(field),
        )
        for name, field in _fields(form).items()
    ]
    # The key comes first, as in the declaration.
    order = {name: place for place, name in enumerate(screen.import_key)}
    return sorted(columns, key=lambda column: order.get(column.name, len(order)))


def _has_default(model: type[models.Model], name: str) -> bool:
    field: Any = model._meta.get_field(name)
    return field.has_default() or field.db_default is not models.NOT_PROVIDED


@dataclass(slots=True)
class Plan:
    """What becomes of one line."""

    row: Row
    verdict: Verdict
    instance: Any = None
    changed: Sequence[str] = ()

    @property
    def writes(self) -> bool:
        return self.verdict.effect in (RowEffect.NEW, RowEffect.CHANGED)


class Batch:
    """Lines of one file: a fixed number of queries, however many they are."""

    def __init__(self, screen: Any, rows: Sequence[Row]) -> None:
        self.screen, self.model, self.rows = screen, screen.model, rows
        self.request = _request(User.objects.get(pk=current_unit().actor.user_id))
        self.form = screen.get_form(self.request, None, change=False)
        self.fields = _fields(self.form)
        self.key: Sequence[str] = screen.import_key
        for name, field in self.fields.items():
            if isinstance(field, Found):
                field.find(text for row in rows if (text := row.values.get(name)))

    def tried(self) -> dict[int, Verdict]:
        """Write everything and take it back."""
        plans = self._plans()
        with transaction.atomic():
            self._write([plan for plan in plans if plan.writes])
            transaction.set_rollback(True)
        return {plan.row.id: plan.verdict for plan in plans}

    def loaded(self) -> dict[int, Verdict]:
        """Write everything that can be."""
        plans = self._plans(locks=True)
        self._write([plan for plan in plans if plan.writes])
        return {plan.row.id: plan.verdict for plan in plans}

    def _plans(self, *, locks: bool = False) -> list[Plan]:
        keys: dict[int, tuple[Any, ...]] = {}
        plans = []
        for row in self.rows:
            key, wrong = self._key_of(row)
            if wrong:
                plans.append(Plan(row, self._refusal(wrong)))
            else:
                keys[row.id] = key
        if locks:
            lock(self.model, [found.pk for found in self._existing(keys.values()).values()])
        existing = self._existing(keys.values())
        some = next(iter(existing.values()), None)
        again = self.screen.get_form(self.request, some, change=True) if some else self.form
        self.add = _row_form(self.form, self.fields)
        self.change = _row_form(
            again, {n: f for n, f in self.fields.items() if n in again.base_fields}
        )
        return plans + [
            self._plan(row, existing.get(keys[row.id])) for row in self.rows if row.id in keys
        ]

    def _key_of(self, row: Row) -> tuple[tuple[Any, ...], dict[str, list[str]]]:
        values, wrong = [], {}
        for name in self.key:
            try:
                value = self.fields[name].clean(row.values.get(name) or "")
            except ValidationError as error:
                wrong[name] = error.messages
            else:
                values.append(value.pk if isinstance(value, models.Model) else value)
        return tuple(values), wrong

    def _existing(self, keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], Any]:
        """Return the rows that are there, by key."""
        wanted = set(keys)
        where = Q()
        for place, name in enumerate(self.key):
            values = {key[place] for key in wanted}
            one = Q(**{f"{name}__in": values - {None}})
            where &= one | Q(**{f"{name}__isnull": True}) if None in values else one
        relations = [name for name, field in self.fields.items() if isinstance(field, Found)]
        rows = self.screen.get_queryset(self.request).filter(where)
        columns = [self.model._meta.get_field(name).attname for name in self.key]
        found = rows.select_related(*relations) if relations else rows
        return {tuple(getattr(row, column) for column in columns): row for row in found}

    def _plan(self, row: Row, instance: Any) -> Plan:
        screen, request = self.screen, self.request
        is_new = instance is None
        may = (
            screen.has_add_permission(request)
            if is_new
            else screen.has_change_permission(request, instance)
        )
        if not may:
            return Plan(row, Verdict(reason=_("You lack the permission for this.")))
        texts = {n: row.values[n] or "" for n in self.fields if n in row.values}
        if not is_new:
            texts = {n: t for n, t in texts.items() if n not in self.key}
        texts = {n: t for n, t in texts.items() if t or not self._stays(n, is_new=is_new)}
        fixed = {n: t for n, t in texts.items() if not is_new and n not in self.change.read}
        wrong = {n: why for n, t in fixed.items() if (why := self._moved(instance, n, t))}
        before = {} if is_new else {n: self._told(instance, n) for n in texts}
        form = (self.add if is_new else self.change)(
            {n: t for n, t in texts.items() if n not in fixed}, instance
        )
        wrong |= {name: list(messages) for name, messages in form.errors.items()}
        if wrong:
            return Plan(row, self._refusal(wrong))
        if is_new:
            return Plan(row, Verdict(RowEffect.NEW), form.instance)
        after = {n: self._told(form.instance, n) for n in texts}
        changed = [n for n in texts if before[n][0] != after[n][0]]
        details = [(n, f"{before[n][1]} → {after[n][1]}") for n in changed]
        effect = RowEffect.CHANGED if changed else RowEffect.UNCHANGED
        return Plan(row, Verdict(effect, details), form.instance, changed)

    def _stays(self, name: str, *, is_new: bool) -> bool:
        """Say whether an empty cell leaves a column as it is: it may not be empty."""
        field = self.fields[name]
        full = field.required or isinstance(field, YesNo)
        return full and (not is_new or _has_default(self.model, name))

    def _moved(self, instance: Any, name: str, text: str) -> list[str]:
        """Return why a column that is only set once cannot be what a file says."""
        try:
            value = self.fields[name].clean(text)
        except ValidationError as error:
            return error.messages
        stored, text_ = self._told(instance, name)
        stays = _("It stays %(value)s: it can only be set on a new row.")
        is_same = stored == (value.pk if isinstance(value, models.Model) else value)
        return [] if is_same else [stays % {"value": text_}]

    def _told(self, instance: Any, name: str) -> tuple[Any, str]:
        """Return the stored value of a column and what people read of it."""
        field = self.model._meta.get_field(name)
        value = getattr(instance, field.attname)
        if field.is_relation:
            return value, str(getattr(instance, name) or "–")
        # Forms strip what is around a text.
        return value.strip() if isinstance(value, str) else value, shown(field, instance)

    def _refusal(self, wrong: Mapping[str, Sequence[str]]) -> Verdict:
        """Return a verdict with what is wrong with each column."""
        names = {name: field.label for name, field in self.fields.items()}
        details = [
            (name if name in names else "", " ".join(map(str, messages)))
            for name, messages in wrong.items()
        ]
        told = [f"{names[name]}: {text}" if name else text for name, text in details]
        general = any(not name for name, _text in details)
        return Verdict(details=[] if general else details, reason="; ".join(told))

    def _write(self, plans: list[Plan]) -> None:
        """Write rows; what the database refuses is found by halves and gets its reason."""
        if not plans:
            return
        keys = [plan.instance.pk for plan in plans]
        try:
            with transaction.atomic():
                self._store(plans)
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", "") in IN_USE:
                raise
            for plan, key in zip(plans, keys, strict=True):
                if plan.verdict.effect == RowEffect.NEW:
                    plan.instance.pk, plan.instance._state.adding = key, True
            if len(plans) == 1:
                plans[0].verdict = self._refusal(_why(plans[0].instance, error))
                return
            middle = len(plans) // 2
            self._write(plans[:middle])
            self._write(plans[middle:])

    def _store(self, plans: list[Plan]) -> None:
        rows = self.model._default_manager
        rows.bulk_create([p.instance for p in plans if p.verdict.effect == RowEffect.NEW])
        changed = [p for p in plans if p.verdict.effect == RowEffect.CHANGED]
        names = {name for plan in changed for name in plan.changed}
        if any(f.name == "updated_at" for f in self.model._meta.concrete_fields):
            names.add("updated_at")
            for plan in changed:
                plan.instance.updated_at = current_unit().now
        if changed:
            rows.bulk_update([p.instance for p in changed], sorted(names), batch_size=100)


def _why(instance: Any, error: DatabaseError) -> Mapping[str, Sequence[str]]:
    """Return what the model says of a row that the database refused."""
    try:
        instance.validate_unique()
        instance.validate_constraints()
    except ValidationError as found:
        return found.message_dict
    diagnosis = getattr(error.__cause__, "diag", None)
    text = refusal(error) or getattr(diagnosis, "message_primary", None) or str(error)
    return {NON_FIELD_ERRORS: [text]}


def _row_form(form: Any, fields: Mapping[str, Read]) -> Any:
    """Return a form class whose fields are those that a line gives."""

    class RowForm(form):  # type: ignore[misc]
        read = fields
        instance: Any

        def __init__(self, texts: Mapping[str, str], instance: Any) -> None:
            self.base_fields = {name: fields[name] for name in texts}
            super().__init__(dict(texts), instance=instance)

        def _post_clean(self) -> None:
            # What other rows say was found for the batch, or is for the database to check: no
            # query for each row.
            opts = self._meta
            unread = {f.name for f in opts.model._meta.concrete_fields} - set(self.cleaned_data)
            found = {n for n, field in self.fields.items() if isinstance(field, Found)}
            self.instance = construct_instance(self, self.instance, opts.fields, opts.exclude)
            try:
                self.instance.clean_fields(exclude=unread | found)
                self.instance.clean()
            except ValidationError as error:
                self._update_errors(error)

    return RowForm

"""simple-history's models and admin; their rows are written by statement triggers."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from backoffice.core.personal import personal_columns, personal_fields


class HistoryBase(models.Model):
    """What every history row knows besides its document's columns."""

    request_id = models.CharField(max_length=40, default="")

    class Meta:
        abstract = True


class History(HistoricalRecords):
    """History without indexes of its own columns, personal data and secrets."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            bases=[HistoryBase],
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.CharField(max_length=300, null=True),
            user_model=settings.AUTH_USER_MODEL,
            user_db_constraint=False,
            **options,
        )

    def fields_included(self, model: type[models.Model]) -> list[models.Field]:
        hidden = {*personal_fields(model), *getattr(model, "secret_fields", ())}
        return [f for f in super().fields_included(model) if f.name not in hidden]

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field]:
        fields = super().copy_fields(model)
        for name, field in fields.items():
            if isinstance(field, models.GeneratedField):
                copied = field.output_field.clone()  # type: ignore[union-attr]
                copied.null = True
                copied.name = name
                fields[name] = copied
            else:
                field.db_index = field.primary_key
        return fields

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        options = super().get_meta_options(model)
        options["ordering"] = ("-history_id",)
        options["get_latest_by"] = ("history_id",)
        return options


def tracked_models() -> list[type[models.Model]]:
    """Return every model whose rows leave history."""
    return [m for m in apps.get_models() if hasattr(m, "history") and not is_history(m)]


def history_model(model: type[models.Model]) -> type[models.Model]:
    return model.history.model  # type: ignore[attr-defined]


def is_history(model: type[models.Model]) -> bool:
    """Say whether a model holds the history of another."""
    return issubclass(model, HistoryBase)


def column_pairs(model: type[models.Model]) -> list[tuple[str, str]]:
    """Return (source column, history column) of every field that history keeps."""
    history = history_model(model)
    return [
        (field.column, history._meta.get_field(field.name).column)  # type: ignore[union-attr,misc]
        for field in history.tracked_fields  # type: ignore[attr-defined]
    ]


def changed_rows(model: type[models.Model]) -> str:
    """Return the source of an update's history where some columns say nothing, such as a sign-in's.

    Of personal data and secrets history tells that they changed.
    """
    hidden = {*personal_fields(model), *getattr(model, "secret_fields", ())}
    kept = {column for column, _ in column_pairs(model)}
    fields = model._meta.concrete_fields
    told = [f.column for f in fields if f.column in kept or f.name in hidden]
    if len(told) == len(fields):
        return ""
    new, old = (", ".join(f'{name}."{column}"' for column in told) for name in ("n", "o"))
    key = model._meta.pk.column
    return (
        f'(SELECT n.* FROM rows n JOIN olds o ON o."{key}" = n."{key}"'
        f" WHERE ({new}) IS DISTINCT FROM ({old})) rows"
    )


NOW = "coalesce(nullif(current_setting('app.now', true), '')::timestamptz, statement_timestamp())"


def trigger_sql(model: type[models.Model]) -> list[str]:
    """Return the statements that install one model's history triggers, idempotently."""
    table = model._meta.db_table
    history = history_model(model)._meta.db_table
    pairs = column_pairs(model)
    targets = ", ".join(f'"{target}"' for _, target in pairs)
    sources = ", ".join(f'rows."{source}"' for source, _ in pairs)
    label = model._meta.label_lower
    insert = f"""
  INSERT INTO "{history}" ({targets}, history_date, history_type, history_user_id,
    history_change_reason, request_id)
  SELECT {sources}, {NOW}, TG_ARGV[0],
    nullif(current_setting('app.user_id', true), '')::bigint,
    nullif(current_setting('app.reason', true), ''),
    coalesce(current_setting('app.request_id', true), '')
  FROM {{source}};"""
    mark = f"""
  IF FOUND AND position('{label},' in coalesce(current_setting('app.written', true), '')) = 0 THEN
    PERFORM set_config('app.written',
      coalesce(current_setting('app.written', true), '') || '{label},', true);
  END IF;"""
    head = "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp"
    changed = changed_rows(model)
    news = ("OLD TABLE AS olds " if changed else "") + "NEW TABLE AS rows"
    sources_of = {f"{table}_history": "rows"} | ({f"{table}_changed": changed} if changed else {})
    statements = [
        f'CREATE OR REPLACE FUNCTION "{name}"() {head} AS $body$ BEGIN'
        f"{insert.format(source=source)}{mark}\n  RETURN NULL; END $body$"
        for name, source in sources_of.items()
    ]
    for event, mark_letter, clause, function in (
        ("INSERT", "+", "NEW TABLE AS rows", "history"),
        ("UPDATE", "~", news, "changed" if changed else "history"),
        ("DELETE", "-", "OLD TABLE AS rows", "history"),
    ):
        statements.append(
            f'CREATE OR REPLACE TRIGGER history_{event.lower()} AFTER {event} ON "{table}"'
            f" REFERENCING {clause} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION \"{table}_{function}\"('{mark_letter}')"
        )
    return statements + personal_trigger_sql(model)


def personal_trigger_sql(model: type[models.Model]) -> list[str]:
    """Return the statements that keep earlier personal values in their erasable side table."""
    columns = personal_columns(model)
    if not columns:
        return []
    table = model._meta.db_table
    old = ", ".join(f'o."{c}"' for c in columns)
    new = ", ".join(f'n."{c}"' for c in columns)
    pairs = ", ".join(
        f'\'{c}\', CASE WHEN o."{c}" IS DISTINCT FROM n."{c}" THEN to_jsonb(o."{c}") END'
        for c in columns
    )
    head = "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp"
    return [
        f"""CREATE OR REPLACE FUNCTION "{table}_personal"() {head} AS $body$ BEGIN
  IF current_setting('app.erasing', true) = 'on' THEN
    DELETE FROM core_personalvalue p USING news n
    WHERE p.subject_type = '{model._meta.label_lower}' AND p.subject_id = n.id;
    RETURN NULL;
  END IF;
  INSERT INTO core_personalvalue (subject_type, subject_id, changed_at, "values")
  SELECT '{model._meta.label_lower}', o.id, {NOW}, jsonb_strip_nulls(jsonb_build_object({pairs}))
  FROM olds o JOIN news n ON n.id = o.id
  WHERE ({old}) IS DISTINCT FROM ({new});
  RETURN NULL; END $body$""",
        f'CREATE OR REPLACE TRIGGER personal_update AFTER UPDATE ON "{table}"'
        " REFERENCING OLD TABLE AS olds NEW TABLE AS news FOR EACH STATEMENT"
        f' EXECUTE FUNCTION "{table}_personal"()',
    ]

"""What the owner installs after migrations: grants, guards, history triggers, standing rows."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from backoffice.core.history import history_model, tracked_models, trigger_sql
from backoffice.core.personal import personal_columns

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  -- Words about people are blanked by an erasure, and by nothing else.
  IF TG_OP = 'UPDATE' AND TG_NARGS > 0 AND current_setting('app.erasing', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $body$
"""

MARK_FUNCTION = """
CREATE OR REPLACE FUNCTION mark_written() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF position(TG_ARGV[0] || ',' in coalesce(current_setting('app.written', true), '')) = 0 THEN
    PERFORM set_config('app.written',
      coalesce(current_setting('app.written', true), '') || TG_ARGV[0] || ',', true);
  END IF;
  RETURN NULL;
END $body$
"""


def append_only_models() -> list[type[models.Model]]:
    """Return the models whose rows the database never lets change."""
    from backoffice.core.models import AppendOnlyModel

    return [m for m in apps.get_models() if issubclass(m, AppendOnlyModel)]


def _existing(found: list[type[models.Model]]) -> list[type[models.Model]]:
    """Leave out tables that a partial migration has not made."""
    tables = set(connection.introspection.table_names())
    return [m for m in found if m._meta.db_table in tables]


def append_only_sql(table: str, role: str, personal: Sequence[str] = ()) -> list[str]:
    """Return the statements that make one table append-only but for the erasure of columns."""
    argument = "'erasable'" if personal else ""
    statements = [
        f'CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}"'
        f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change({argument})",
        f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM "{role}"',
    ]
    if personal:
        columns = ", ".join(f'"{name}"' for name in personal)
        statements.append(f'GRANT UPDATE ({columns}) ON "{table}" TO "{role}"')
    return statements


def guard_sql(role: str) -> list[str]:
    """Return every statement that the owner runs after migrations; each may run again."""
    statements = [
        f'GRANT USAGE ON SCHEMA public TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"',
        f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}"',
        APPEND_ONLY_FUNCTION,
        MARK_FUNCTION,
    ]
    for model in _existing(append_only_models()):
        statements += append_only_sql(model._meta.db_table, role, personal_columns(model))
    for model in _existing(tracked_models()):
        statements += trigger_sql(model)
        history = history_model(model)._meta.db_table
        statements += append_only_sql(history, role)
        statements.append(f'REVOKE INSERT ON "{history}" FROM "{role}"')
        # Pages and versions ask for the newest rows of one document.
        statements.append(
            f'CREATE INDEX IF NOT EXISTS "{history}_of"'
            f' ON "{history}" ("{model._meta.pk.column}", history_id)'
        )
    for model in _existing(list(apps.get_models())):
        statements += getattr(model, "database_sql", [])
    return statements


def install_database_guards(sender: Any, **kwargs: Any) -> None:
    """Install grants and triggers once all apps have migrated."""
    if sender.label != apps.get_app_config("insights").label or settings.DATABASE_ROLE != "owner":
        return
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(guard_sql(settings.DATABASE_APP_ROLE)))
    from backoffice.core.standing import create_standing_rows

    create_standing_rows()
    stop_what_may_not_run()


def stop_what_may_not_run() -> None:
    """Read all rules anew: a deploy may have changed the filters and actions they name."""
    from backoffice.core.actor import acting_job
    from backoffice.core.rules.switching import recheck_rules

    with acting_job("system"):
        recheck_rules(now=timezone.now())

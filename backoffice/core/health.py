"""Health: is the process alive, and can it do its work."""

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone


def livez(request: HttpRequest) -> JsonResponse:
    """Answer that the process runs."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, migrations, broker and beat are in order, else 503 with why."""
    results = {name: check() for name, check in CHECKS.items()}
    ready = not any(results[name] for name in ("database", "migrations", "broker"))
    body = {"status": "ok" if ready else "not ready"} | {k: v or "ok" for k, v in results.items()}
    return JsonResponse(body, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(show_trgm('退款')) > 0")
            row = cursor.fetchone()
    except Exception as error:
        return f"The database does not answer: {type(error).__name__}."
    return "" if row and row[0] else "pg_trgm does not see Chinese: use the locale C.UTF-8."


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:
        return f"Migrations cannot be read: {type(error).__name__}."
    return f"{len(plan)} migrations are missing: run migrate." if plan else ""


def _broker() -> str:
    try:
        cache.set("readyz", "1", 10)
    except Exception as error:
        return (
            f"Redis does not answer at {settings.REDIS_URL.split('@')[-1]}: {type(error).__name__}."
        )
    return ""


def _beat() -> str:
    from backoffice.core.models import TaskRun

    try:
        last = TaskRun.objects.order_by("-slot_at").values_list("slot_at", flat=True).first()
    except Exception:
        return "unknown"
    if last is None:
        return "no job has run yet"
    age = (timezone.now() - last).total_seconds()
    return "" if age < 120 else f"last job {age:.0f} s ago"


CHECKS = {"database": _database, "migrations": _migrations, "broker": _broker, "beat": _beat}

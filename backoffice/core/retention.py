"""How long working rows are kept, and their removal."""

from datetime import datetime, timedelta

from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q

from backoffice.core.models import (
    ExportPart,
    IdempotencyKey,
    ImportRow,
    InboundMessage,
    InboxStep,
    JobRow,
    OutboundMessage,
    RuleRun,
    WebhookAttempt,
    WebhookDelivery,
)
from backoffice.core.models.inbox import InboxStatus
from backoffice.core.models.outbound import OutboundStatus

CHUNK = 5_000
DAY = timedelta(days=1)


def expired(now: datetime) -> list[tuple[type[models.Model], Q]]:
    """Return what is not needed any more, by model."""
    settled = [InboxStatus.DONE, InboxStatus.DISMISSED]
    old = now - 180 * DAY
    return [
        (IdempotencyKey, Q(created_at__lt=now - 7 * DAY)),
        (InboxStep, Q(message__processed_at__lt=old, message__status__in=settled)),
        (InboundMessage, Q(processed_at__lt=old, status__in=settled)),
        (
            OutboundMessage,
            Q(created_at__lt=now - 400 * DAY) & ~Q(status=OutboundStatus.QUEUED),
        ),
        (WebhookAttempt, Q(delivery__finished_at__lt=now - 30 * DAY)),
        (WebhookDelivery, Q(finished_at__lt=now - 30 * DAY)),
        (ImportRow, Q(run__created_at__lt=now - 90 * DAY)),
        (Session, Q(expire_date__lt=now)),
        (AccessLog, Q(attempt_time__lt=old)),
        (ExportPart, Q(job__finished_at__lt=now - 7 * DAY)),
        (JobRow, Q(job__finished_at__lt=now - 90 * DAY)),
        (RuleRun, Q(slot_at__lt=now - 90 * DAY)),
    ]


def remove_expired(*, now: datetime) -> dict[str, int]:
    """Delete expired rows in chunks; return how many by model."""
    counts: dict[str, int] = {}
    for model, condition in expired(now):
        label = model._meta.label_lower
        while True:
            ids = model._base_manager.filter(condition).values_list("pk", flat=True)[:CHUNK]
            count = model._base_manager.filter(pk__any=list(ids)).delete()[0]
            counts[label] = counts.get(label, 0) + count
            if count < CHUNK:
                break
    return {label: count for label, count in counts.items() if count}

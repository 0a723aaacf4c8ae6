from datetime import timedelta

from backoffice.core.inbox import receive
from backoffice.core.models import IdempotencyKey, InboundMessage, InboxStep
from backoffice.core.retention import remove_expired

DAY = timedelta(days=1)


def test_old_working_rows_go_and_what_waits_stays(actor, now, monkeypatch):
    for n, status in enumerate(["DONE", "REFUSED", "NEW", "DISMISSED"]):
        pk = receive("test", str(n), "{}")
        InboxStep.objects.create(message_id=pk, kind="REFUSED", at=now)
        InboundMessage.objects.filter(external_id=str(n)).update(
            status=status, processed_at=None if status == "NEW" else now
        )
    for n, age in enumerate([6, 8]):
        IdempotencyKey.objects.create(
            user_id=actor.user_id,
            key=str(n),
            fingerprint="",
            status=200,
            body={},
            created_at=now - age * DAY,
        )

    assert remove_expired(now=now) == {"core.idempotencykey": 1}
    assert remove_expired(now=now + 181 * DAY) == {
        "core.idempotencykey": 1,
        "core.inboundmessage": 2,
        "core.inboxstep": 2,
    }
    left = InboundMessage.objects.order_by("pk").values_list("status", flat=True)
    assert list(left) == ["REFUSED", "NEW"]

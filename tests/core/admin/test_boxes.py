import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from backoffice.core.inbox import process
from backoffice.core.models import InboundMessage, OutboundMessage, User
from inventory.models import Product, Sku


@pytest.fixture
def message(db):
    return InboundMessage.objects.create(
        source="demo.shop",
        external_id="web-7",
        body='{"lines":[{"sku":"TEA-99"}],"total":"9.00"}',
        status="REFUSED",
        reason="Line 1: SKU 'TEA-99' is unknown.",
    )


@pytest.fixture
def clerk(db, client):
    user = User.objects.create(username="clerk", is_staff=True)
    client.force_login(user)

    def may(*names):
        user.user_permissions.set(Permission.objects.filter(codename__in=names))

    may("view_inboundmessage", "change_inboundmessage", "add_sku")
    user.may = may
    return user


def page(client, row):
    opts = row._meta
    answer = client.get(reverse(f"admin:core_{opts.model_name}_change", args=[row.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def act(client, row, name, **values):
    url = reverse(f"admin:core_{row._meta.model_name}_act", args=[row.pk, name])
    answer = client.post(url, values, follow=True)
    row.refresh_from_db()
    return answer


def said(answer):
    return [str(m) for m in answer.context["messages"]]


def test_a_refused_message_says_why_and_leads_to_what_is_missing(clerk, client, message):
    text = page(client, message)

    assert "The order names SKU TEA-99, which is not in the catalogue." in text
    assert f'href="{reverse("admin:inventory_sku_add")}?code=TEA-99"' in text
    assert "&quot;lines&quot;: [\n    {\n      &quot;sku&quot;: &quot;TEA-99&quot;" in text
    assert "No document yet." in text


def test_who_may_not_mend_it_is_told_so(clerk, client, message):
    clerk.may("view_inboundmessage")

    text = page(client, message)

    assert "You lack the permission for this." in text
    assert "?code=TEA-99" not in text
    assert "/act/replay/" not in text
    assert act(client, message, "replay").status_code == 403
    assert message.status == "REFUSED"


def test_once_the_sku_is_there_the_page_says_to_try_again(clerk, client, message):
    Sku.objects.create(code="TEA-99", name="Tea", product=Product.objects.create(code="T"))

    assert "SKU TEA-99 is there by now" in page(client, message)


def test_a_message_is_tried_again_and_its_tries_are_told(clerk, client, message, now):
    assert said(act(client, message, "replay")) == ["Try again: done."]
    assert message.status == "NEW"
    assert said(act(client, message, "replay")) == [
        "Only a refused message can be tried again or dismissed."
    ]

    process("demo.shop", now=now)

    assert [s.kind for s in message.steps.order_by("pk")] == ["RETRIED", "REFUSED"]
    text = page(client, message)
    assert '<strong>Tried again</strong> <span class="dc-who">clerk</span>' in text
    assert "external_id: This field is required." in text


def test_a_message_is_dismissed_with_a_reason_and_taken_back(clerk, client, message):
    assert act(client, message, "dismiss", reason="").status_code == 200
    assert message.status == "REFUSED"

    act(client, message, "dismiss", reason="sent twice by the shop")

    assert message.status == "DISMISSED"
    text = page(client, message)
    assert "sent twice by the shop" in text
    assert "Only a refused message can be tried again or dismissed." in text
    act(client, message, "reopen")
    assert message.status == "REFUSED"


def test_many_are_dismissed_after_being_asked(clerk, client, message):
    done = InboundMessage.objects.create(source="none", external_id="2", body="", status="DONE")
    url = reverse("admin:core_inboundmessage_changelist")
    chosen = {"action": "dismiss", "_selected_action": [message.pk, done.pk]}

    client.post(url, chosen)
    message.refresh_from_db()
    assert message.status == "REFUSED"
    answer = client.post(url, chosen | {"confirmed": "1", "reason": "old"}, follow=True)

    message.refresh_from_db()
    assert message.status == "DISMISSED"
    assert said(answer) == [
        "Dismiss: 1 done.",
        "Only a refused message can be tried again or dismissed.",
    ]


def test_a_mail_that_failed_is_sent_again(clerk, client):
    clerk.may("view_outboundmessage", "change_outboundmessage")
    mail = OutboundMessage.objects.create(
        recipient="ada@example.com", subject="Hello", body="Dear Ada", status="FAILED", attempts=8
    )

    act(client, mail, "resend")

    assert (mail.status, mail.attempts) == ("QUEUED", 0)
    text = page(client, mail)
    assert "It waits to be sent." in text
    assert '<strong>Is to be sent again</strong> <span class="dc-who">clerk</span>' in text

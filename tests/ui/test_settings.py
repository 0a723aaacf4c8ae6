"""Plain forms: who wrote, stale forms, exports, erasing."""

import csv
import io

import pytest
from django.urls import reverse

from backoffice.core.models import Approval, MessageTemplate, User

PAGE = "admin:core_messagetemplate_change"


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def template(db):
    return MessageTemplate.objects.create(key="k", language="en", subject="Hello", body="text")


def form(response):
    """Return what a browser would send back."""
    fields = response.context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    return {k: v for k, v in values.items() if v is not None and v is not False} | {
        "_seen": str(response.context["bo_seen"])
    }


def test_history_knows_who_edited_a_form(boss, client, template):
    url = reverse(PAGE, args=[template.pk])

    client.post(url, form(client.get(url)) | {"subject": "Hi"})

    last = template.history.first()
    assert (last.subject, last.history_user, last.request_id != "") == ("Hi", boss, True)


def test_a_stale_form_is_refused_where_the_same_field_changed(boss, client, template):
    url = reverse(PAGE, args=[template.pk])
    opened = form(client.get(url))
    client.post(url, opened | {"subject": "First"})

    refused = client.post(url, opened | {"subject": "Second"})

    assert refused.status_code == 200
    assert (
        refused.context["errors"]
        == ["boss changed this meanwhile: subject: Hello → First. Save again to overwrite it."]
        or "boss changed this meanwhile: subject: Hello → First." in refused.content.decode()
    )
    template.refresh_from_db()
    assert template.subject == "First"

    again = form(refused) | {"subject": "Second"}
    assert client.post(url, again).status_code == 302
    template.refresh_from_db()
    assert template.subject == "Second"


def test_two_people_may_edit_different_fields(boss, client, template):
    url = reverse(PAGE, args=[template.pk])
    opened = form(client.get(url))
    MessageTemplate.objects.filter(pk=template.pk).update(body="other text")

    refused = client.post(url, opened | {"subject": "Hi"})
    assert refused.status_code == 200

    # The form that was opened before would put the old body back, which is a change too.
    template.refresh_from_db()
    assert (template.subject, template.body) == ("Hello", "other text")


def test_nothing_is_deleted(boss, client, template):
    url = reverse("admin:core_messagetemplate_delete", args=[template.pk])

    assert client.post(url, {"post": "yes"}).status_code == 403
    assert "delete_selected" not in str(
        client.get(reverse("admin:core_messagetemplate_changelist")).content
    )


def test_a_list_is_exported_as_it_is_shown(boss, client, place):
    order = place()
    url = reverse("admin:orders_order_changelist")

    response = client.post(url, {"action": "export_csv", "_selected_action": [order.pk]})

    assert response["Content-Disposition"] == 'attachment; filename="orders-order.csv"'
    text = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["number"], row["status"], row["total"]) == (str(order), "PENDING", "23.8000")


def test_erasing_is_asked_for_with_a_reason(boss, client, place, now):
    customer = place().customer
    customer.orders.update(status="CANCELLED", cancelled_quantity=2)
    url = reverse("admin:orders_customer_changelist")
    chosen = {"action": "ask_to_erase", "_selected_action": [customer.pk]}

    dialog = client.post(url, chosen)
    assert dialog.status_code == 200
    assert client.post(url, chosen | {"confirmed": "1", "reason": " "}).status_code == 200
    assert not Approval.objects.exists()

    client.post(url, chosen | {"confirmed": "1", "reason": "asked by mail"})

    approval = Approval.objects.get()
    assert (approval.subject_id, approval.note, approval.created_by) == (
        customer.pk,
        "asked by mail",
        boss,
    )
    customer.refresh_from_db()
    assert customer.name == "Ada Lovelace"

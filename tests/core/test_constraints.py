"""Every constraint says in a sentence what it asks for, in forms, files and the API."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import override

from backoffice.core.constraints import ours, refusal
from backoffice.core.models import User
from orders.models import Price, TaxRate

CONSTRAINTS = {constraint.name: constraint for _model, constraint in ours()}


def test_no_constraint_shows_its_name_or_a_column():
    for language in ("en", "zh-hans"):
        with override(language):
            texts = {name: c.get_violation_error_message() for name, c in CONSTRAINTS.items()}
        wrong = {n: t for n, t in texts.items() if n in t or "_" in t or t[-1] not in ".。"}
        assert wrong == {}
        if language != "en":
            assert all(not text.isascii() for text in texts.values())
    assert len(CONSTRAINTS) > 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("price_once", "There is one already with the same values of: "),
        ("tax_rate_is_share", "Rate must not be negative; rate must be less than 1."),
        ("location_one_default", "There is one already with the same values of: warehouse, def"),
        ("order_adds_up", "Total must be net + tax."),
        ("bank_details_second_person", "Approved by must differ from created by."),
        ("purchase_order_total_rounded", "Total must not have more digits than its currency."),
        ("survey_score", "Score must be between 1 and 5."),
        ("stock_move_some", "Quantity must not be 0."),
        ("webhook_endpoint_wants_events", "Events must not be empty."),
        ("pick_line_picked", "Picked must not be negative; picked must be at most quantity."),
        ("shipment_from_one_place", "These do not fit together: warehouse, seller. Change one"),
        # Its model has words of its own, with a percent sign.
        ("count_plan_figures", "Once in 1 to 3,650 days; the tolerance is 0 to 100 %, its v"),
    ],
)
def test_what_a_constraint_asks_for(name, text):
    assert CONSTRAINTS[name].get_violation_error_message().startswith(text)


def test_a_model_says_it_before_the_database_does(channel, service_sku, now):
    day = {"valid_from": now.date()}
    price = Price(sku=service_sku, channel=channel, currency="EUR", unit_price=-1, **day)
    with pytest.raises(ValidationError) as error:
        price.full_clean()
    assert error.value.message_dict == {"__all__": ["Unit price must not be negative."]}


def test_what_the_database_refuses_is_said_alike(db):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        TaxRate.objects.create(country="DE", category="X", rate=2, valid_from="2026-01-01")
    text = "Rate must not be negative; rate must be less than 1."
    assert refusal(error.value) == text
    assert refusal(IntegrityError("another")) == ""


def test_the_admin_says_it(channel, client):
    client.force_login(User.objects.create(username="b", is_staff=True, is_superuser=True))
    given = {"country": "DE", "category": "STANDARD", "rate": "2", "valid_from": "2026-01-01"}
    page = client.post(reverse("admin:orders_taxrate_add"), given | {"is_active": "on"})
    assert page.context["adminform"].form.non_field_errors() == [
        "Rate must not be negative; rate must be less than 1."
    ]

from datetime import date, timedelta

import pytest
from django.test import Client

from backoffice.core.models import Event, User
from inventory.models import ReplenishmentPolicy, ReplenishmentProposal
from inventory.selectors.replenishment import explain_proposal
from inventory.services import decisions
from inventory.services.decisions import Freeze, change_quantities, freeze_proposals
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    propose_replenishment,
)

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def proposal(house, new_sku, supply, now):
    sku = new_sku("A")
    type(sku.product).objects.update(category="Cups")
    supply(sku, minimum_quantity=4, pack_size=4)
    ReplenishmentPolicy.objects.create(warehouse=house, sku=sku, minimum=5, maximum=12)
    [pk] = propose_replenishment(now=now).created
    return ReplenishmentProposal.objects.get(pk=pk)


def test_another_quantity_is_bought_and_told(proposal, now):
    outcome = change_quantities([proposal.pk], quantity=20, now=now, reason="a fair is coming")

    assert outcome.moved == [proposal.pk]
    proposal.refresh_from_db()
    assert (proposal.quantity, proposal.status, proposal.version) == (20, "PROPOSED", 1)
    assert explain_proposal(proposal.explanation).endswith(
        "Changed by hand from 12 to 20: a fair is coming"
    )
    event = Event.objects.get(kind="replenishment.changed")
    assert event.data == {"before": 12, "quantity": 20}
    approve_proposals([proposal.pk], now=now)
    order_proposals([proposal.pk], now=now)
    proposal.refresh_from_db()
    assert proposal.purchase_order.lines.get().quantity == 20


@pytest.mark.parametrize(
    ("quantity", "reason", "why"),
    [(20, " ", decisions.WHY), (6, "x", decisions.NOT_IN_PACKS), (0, "x", decisions.NOT_IN_PACKS)],
)
def test_a_quantity_that_cannot_be_bought_is_refused(proposal, now, quantity, reason, why):
    outcome = change_quantities([proposal.pk], quantity=quantity, now=now, reason=reason)

    assert outcome.blocked == {proposal.pk: [why]}
    proposal.refresh_from_db()
    assert (proposal.quantity, proposal.version) == (12, 0)


def test_what_was_approved_is_not_changed(proposal, now):
    approve_proposals([proposal.pk], now=now)

    assert not change_quantities([proposal.pk], quantity=8, now=now, reason="less").moved
    proposal.refresh_from_db()
    assert proposal.quantity == 12


@pytest.mark.parametrize("scope", ["SKU_HERE", "SKU", "CATEGORY", "WAREHOUSE"])
def test_a_scope_is_left_alone_until_its_day(proposal, house, now, scope):
    freeze = Freeze(scope, date(2026, 3, 12))

    freeze_proposals([proposal.pk], freeze=freeze, now=now, reason="the range changes")

    proposal.refresh_from_db()
    assert proposal.status == "REJECTED"
    policy = ReplenishmentPolicy.objects.get(is_frozen=True)
    assert (policy.frozen_until, policy.frozen_reason) == (freeze.until, "the range changes")
    assert (policy.warehouse, policy.category, policy.sku) == {
        "SKU_HERE": (house, "", proposal.sku),
        "SKU": (None, "", proposal.sku),
        "CATEGORY": (None, "Cups", None),
        "WAREHOUSE": (house, "", None),
    }[scope]
    assert propose_replenishment(now=now + timedelta(days=1)).created == []
    assert len(propose_replenishment(now=now + timedelta(days=2)).created) == 1


def test_without_a_category_there_is_nothing_to_freeze(proposal, now):
    type(proposal.sku.product).objects.update(category="")

    outcome = freeze_proposals([proposal.pk], freeze=Freeze("CATEGORY"), now=now, reason="x")

    assert outcome.blocked == {proposal.pk: [decisions.NO_CATEGORY]}
    proposal.refresh_from_db()
    assert proposal.status == "PROPOSED"


def test_both_are_asked_for_on_its_page(proposal):
    client = Client()
    client.force_login(User.objects.create_superuser("boss", "boss@example.com", "x"))
    page = f"/admin/inventory/replenishmentproposal/{proposal.pk}/do/"

    asked = client.get(f"{page}change_quantity/").content.decode()
    assert "At least 4, in packs of 4; 12 are proposed." in asked
    refused = client.post(f"{page}change_quantity/", {"version": 0, "quantity": 6, "reason": "x"})
    assert str(decisions.NOT_IN_PACKS) in refused.content.decode().replace("&#x27;", "'")
    client.post(f"{page}change_quantity/", {"version": 0, "quantity": 8, "reason": "x"})
    late = client.post(
        f"{page}freeze/", {"version": 1, "scope": "SKU", "until": "2020-01-01", "reason": "x"}
    )
    assert "Choose a day that is still to come." in late.content.decode()
    client.post(f"{page}freeze/", {"version": 1, "scope": "SKU", "until": "", "reason": "x"})

    proposal.refresh_from_db()
    assert (proposal.quantity, proposal.status) == (8, "REJECTED")
    assert ReplenishmentPolicy.objects.get(is_frozen=True).frozen_until is None

import pytest

from backoffice.core.actor import acting
from backoffice.core.versions import StaleError, unchanged_since
from orders.models import Order
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders
from tests.fixtures.core import NOW, together


def test_a_service_runs_on_the_version_that_was_seen(place, now):
    order = place()

    with unchanged_since(Order, order.pk, 0, now=now, reason="seen"):
        assert confirm_orders([order.pk], now=now).moved == [order.pk]

    order.refresh_from_db()
    assert (order.status, order.version) == ("CONFIRMED", 1)
    assert order.history.first().history_change_reason == "seen"


@pytest.mark.parametrize("version", [1, -1])
def test_another_version_is_refused_before_anything_runs(place, now, version):
    order = place()

    with pytest.raises(StaleError), unchanged_since(Order, order.pk, version, now=now):
        pytest.fail("It ran.")


def test_a_document_that_is_not_there_is_stale(actor, now):
    with pytest.raises(StaleError), unchanged_since(Order, 1, 0, now=now):
        pytest.fail("It ran.")


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_changed_in_between_undoes_the_verb(place, now):
    order = place()

    def hold():
        return place_holds([order.pk], now=NOW).moved

    def run():
        with unchanged_since(Order, order.pk, 0, now=now):
            # The document was read; another request gets its lock first.
            assert together(hold) == [[order.pk]]
            return place_holds([order.pk], now=now)

    with acting(order.created_by_id), pytest.raises(StaleError):
        run()

    order.refresh_from_db()
    assert (order.version, order.open_holds) == (1, 1)

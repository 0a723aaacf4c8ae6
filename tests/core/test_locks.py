import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.actor import transaction
from backoffice.core.locks import LockOrderError, claim, lock, lock_rank
from backoffice.core.models import Company, Job
from orders.models import Order, Return


def test_ranks_are_those_of_the_documents_and_others_come_last():
    assert (lock_rank(Order), lock_rank(Return), lock_rank(Company)) == (10, 20, 100)


def test_locks_what_exists_in_one_statement_by_ascending_id(place, now):
    a, b = place("1").pk, place("2").pk

    with transaction(now=now), CaptureQueriesContext(connection) as queries:
        assert lock(Order, [b, a, b, 10**12]) == [a, b]

    assert len([q for q in queries if "FOR UPDATE" in q["sql"]]) == 1
    assert 'ORDER BY "id" FOR UPDATE' in queries[0]["sql"]


def test_a_lock_that_is_held_is_not_taken_again(place, now, django_assert_num_queries):
    a, b = place("1").pk, place("2").pk

    with transaction(now=now):
        lock(Order, [a, b])
        with django_assert_num_queries(0):
            assert lock(Order, [b]) == [b]


def test_a_lower_rank_after_a_higher_one_is_refused(place, now):
    order = place()

    with transaction(now=now):
        lock(Company, [1])
        with pytest.raises(LockOrderError) as refused:
            lock(Order, [order.pk])

    assert str(refused.value) == "orders.Order (rank 10) is locked after rank 100."


def test_what_is_locked_already_may_be_asked_for_at_any_time(place, now):
    order = place()

    with transaction(now=now):
        lock(Order, [order.pk])
        lock(Return, [1])
        assert lock(Order, [order.pk]) == [order.pk]


def test_inner_blocks_share_the_rank_of_the_outermost(place, now):
    order = place()

    with transaction(now=now):
        with transaction(now=now, reason="inner"):
            lock(Return, [1])
        with pytest.raises(LockOrderError):
            lock(Order, [order.pk])


def test_the_next_block_begins_anew(place, now):
    order = place()

    with transaction(now=now):
        lock(Return, [1])
    with transaction(now=now):
        assert lock(Order, [order.pk]) == [order.pk]


def test_locks_and_claims_need_a_block(db):
    for call in (lambda: lock(Order, [1]), lambda: claim("SELECT 1", [])):
        with pytest.raises(RuntimeError, match="No service block is open"):
            call()


def test_claims_rows_of_a_queue(actor, now):
    job = Job.objects.create(action="x", created_by_id=actor.user_id)

    with transaction(now=now):
        assert claim("SELECT id FROM core_job WHERE action = %s", ["x"]) == [job.pk]

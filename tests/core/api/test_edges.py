import pytest

from backoffice.core.idempotency import Answer, answer_once
from backoffice.core.models import IdempotencyKey
from tests.core.api.test_problems import problem


@pytest.mark.parametrize("size", ["0", "-1", "many", "", "1e3", "٣", "9" * 30])
def test_a_page_size_that_is_no_count_gets_400(api, size):
    assert problem(api("get", f"orders/?page_size={size}"))[0] == 400


@pytest.mark.parametrize("path", ["", "nothing/", "orders/1/2/3/"])
def test_an_address_that_leads_nowhere_is_a_problem_too(api, path):
    assert problem(api("get", path)) == (404, "not_found")


def test_a_cursor_that_is_not_ours_gets_404_or_the_first_page(api):
    for cursor in ("x", "bz0xMA==", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ=="):
        assert api("get", f"orders/?cursor={cursor}").status_code in (200, 404)


def test_an_answer_that_asks_to_try_again_is_not_kept(actor):
    answers = iter([Answer(409, {}, retry_after="1"), Answer(200, {"done": True})])

    first = answer_once(actor.user_id, "k", "f", lambda: next(answers))
    second = answer_once(actor.user_id, "k", "f", lambda: next(answers))

    assert (first.status, second.status, second.is_replay) == (409, 200, False)
    assert IdempotencyKey.objects.get().status == 200

from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.core import tokens
from backoffice.core.models import ApiToken
from backoffice.core.tokens import SEEN_EVERY, create_token
from tests.fixtures.core import NOW


@pytest.fixture
def token(db):
    return create_token("Shop", ["orders:read"])


def find_token(text, *, now, address="192.0.2.1"):
    return tokens.find_token(text, address=address, now=now)


def test_a_token_has_a_user_of_its_own_and_only_its_hash_is_kept(token):
    row, text = token

    assert text.startswith(f"bo_{row.prefix}_")
    assert (row.user.username, row.user.kind) == (f"api:{row.prefix}", "INTEGRATION")
    assert not row.user.has_usable_password()
    secret = text.split("_", 2)[2]
    assert secret not in str(ApiToken.objects.values().get())


def test_the_text_finds_its_token(token):
    row, text = token

    assert find_token(text, now=NOW) == row


@pytest.mark.parametrize(
    "spoil",
    [lambda t: t + "x", lambda t: t[:-1], lambda t: t[3:], lambda t: "bo_" + t, lambda t: ""],
)
def test_any_other_text_finds_none(token, spoil):
    assert find_token(spoil(token[1]), now=NOW) is None


def test_expired_retired_and_orphaned_tokens_are_not_found(token):
    row, text = token

    ApiToken.objects.update(expires_at=NOW)
    assert find_token(text, now=NOW) is None
    assert find_token(text, now=NOW - timedelta(seconds=1)) == row
    ApiToken.objects.update(expires_at=None, is_active=False)
    assert find_token(text, now=NOW) is None
    ApiToken.objects.update(is_active=True)
    type(row.user).objects.filter(pk=row.user_id).update(is_active=False)
    assert find_token(text, now=NOW) is None


def test_a_token_may_be_bound_to_addresses(token):
    row, text = token
    ApiToken.objects.update(allowed_ips=["192.0.2.1"])

    assert find_token(text, now=NOW) == row
    assert find_token(text, now=NOW, address="192.0.2.2") is None


def test_its_last_use_is_noted_now_and_then(token, django_assert_num_queries):
    row, text = token

    find_token(text, now=NOW)
    with django_assert_num_queries(1):
        find_token(text, now=NOW + SEEN_EVERY)
    row.refresh_from_db()
    assert row.last_used_at == NOW
    later = NOW + SEEN_EVERY + timedelta(seconds=1)
    find_token(text, now=later)

    row.refresh_from_db()
    assert row.last_used_at == later


def test_neither_secret_nor_its_hash_reach_history(token):
    names = {f.name for f in ApiToken.history.model._meta.get_fields()}

    assert "secret_hash" not in names
    assert timezone.now() > token[0].history.get().history_date

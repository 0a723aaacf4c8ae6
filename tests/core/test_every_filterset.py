"""Every filter set: what is mistyped, renamed or empty is refused, and no value widens."""

from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backoffice.core.filtering import FILTERSETS, FilterError, narrow, read_filter

LABELS = sorted(label for label in FILTERSETS if "." in label)
VALUES = (
    "1 0 -1 17 1.5 1e400 NaN true false unknown 7d 2026-03-10 2026-03-10T08:00:00Z EUR DE C1 %"
    " web OPEN PENDING ACTIVE DRAFT LIVE en 1,2,3 99999999999999999999"
).split()
TYPO = st.sampled_from(
    [
        lambda name: name[:-1],
        lambda name: name + "s",
        lambda name: name.upper(),
        lambda name: name.replace("_", "-"),
        lambda name: f" {name}",
        lambda name: f"{name}__in",
        lambda name: f"new_{name}",
        lambda name: name[1:] + name[:1],
    ]
)
VALUE = st.one_of(st.sampled_from(VALUES), st.text(max_size=8))
checked = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
every_set = pytest.mark.parametrize("label", LABELS)


def names(label):
    return sorted(FILTERSETS[label](None, now=timezone.now()).known())


def found(label, pairs):
    """Return the keys of the rows that a query finds, or None where it is refused."""
    try:
        rows = narrow(read_filter(label, urlencode(pairs), now=timezone.now()))
    except FilterError:
        return None
    with transaction.atomic():
        return set(rows.values_list("pk", flat=True))


@every_set
@checked
@given(data=st.data())
def test_a_name_that_is_not_known_refuses_the_whole(filled_shop, label, data):
    known = names(label)
    name = data.draw(TYPO)(data.draw(st.sampled_from(known)))
    assume(name and name not in known)
    sound = data.draw(st.lists(st.tuples(st.sampled_from(known), VALUE), max_size=2))

    assert found(label, [(name, data.draw(VALUE)), *sound]) is None
    assert found(label, [*sound, (name, "")]) is None


@every_set
def test_no_filter_and_an_empty_one_are_refused(filled_shop, label):
    assert found(label, []) is None
    for name in names(label):
        assert found(label, [(name, "")]) is None
        assert found(label, [(name, " ")]) is None


@every_set
@checked
@given(data=st.data())
def test_one_filter_more_never_finds_more(filled_shop, label, data):
    known = names(label)
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(known), VALUE), min_size=1, max_size=3))
    whole = found(label, pairs)
    if whole is None:
        return
    owners = FILTERSETS[label](None, now=timezone.now()).known()
    for owner in {owners[name] for name, _value in pairs}:
        # Several values of one filter are alternatives.
        fewer = [(name, value) for name, value in pairs if owners[name] != owner]
        if fewer:
            less = found(label, fewer)
            assert less is not None
            assert whole <= less

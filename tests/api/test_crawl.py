"""Looking leaves no trace: whoever reads every address of the staff site, no row is written."""

import pytest
from django.contrib import admin
from django.test import Client

from backoffice.core.choices import Role
from backoffice.core.models import StaffRole, User
from tests.api.screens import addresses, kind, links
from tests.api.test_reading import writes
from tests.fixtures.shop import make


@pytest.fixture
def looker(world):
    """Return who looks at a shop that has a row in every list."""
    for model in admin.site._registry:
        if not model._default_manager.exists():
            make(model)
    return User.objects.create(username="looker", is_staff=True)


def crawl(user, follows):
    """Read every address once, and one of each kind that pages lead to; return what they met."""
    client = Client()
    client.force_login(user)
    client.get("/admin/")
    before, met, found = writes(), set(), {}
    waiting = list(addresses())
    for url in waiting:
        answer = client.get(url)
        if answer.status_code >= 500:
            found[url] = answer.status_code
        if (after := writes()) != before:
            found[url], before = set(after) - set(before), after
        if follows and answer.status_code == 200 and "html" in answer.get("Content-Type", ""):
            new = {kind(link): link for link in links(url, answer.content.decode())}
            waiting += [link for key, link in new.items() if key not in met]
            met |= set(new)
    return found


def test_looking_at_every_page_changes_nothing(looker):
    looker.is_superuser = True
    looker.save()

    assert crawl(looker, follows=True) == {}


@pytest.mark.parametrize("role", Role)
def test_looking_changes_nothing_whatever_one_may_see(looker, role):
    looker.groups.add(StaffRole.objects.get(role=role).group)

    assert crawl(looker, follows=False) == {}

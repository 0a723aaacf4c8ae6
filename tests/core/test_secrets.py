"""Secrets in the database: unreadable there, kept out of history, re-encrypted when keys change."""

import copy
import pickle

import pytest
from django.apps import apps
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command

from backoffice.core.history import history_model, tracked_models
from backoffice.core.models import WebhookEndpoint
from backoffice.core.secrets import MARK, SecretField, reveal, seal, secret_columns
from backoffice.core.sql import execute
from logistics.models import CarrierAccount

OLD, NEW = "o" * 50, "n" * 50
# What is no secret that anything calls with: it is only compared.
HASHES = {"password", "secret_hash"}


@pytest.fixture
def endpoint(db):
    return WebhookEndpoint.objects.create(
        description="ERP", url="https://erp.example/in", kinds=["*"], secret="whsec_plain"
    )


def stored(column="secret"):
    ((value,),) = execute(f"SELECT {column} FROM core_webhookendpoint")
    return value


def test_a_secret_is_unreadable_in_the_database(endpoint):
    assert stored().startswith(MARK)
    assert "plain" not in stored()
    assert stored("previous_secret") == ""
    assert WebhookEndpoint.objects.get().secret == "whsec_plain"
    assert reveal(stored()) == "whsec_plain"
    # The same text is another each time it is encrypted.
    assert seal("whsec_plain") != seal("whsec_plain")


def test_what_is_saved_unchanged_stays_as_it_is_stored(endpoint):
    before = stored()
    WebhookEndpoint.objects.get().save()
    assert stored() == before


def test_a_secret_can_only_be_asked_whether_it_is_there(endpoint):
    assert WebhookEndpoint.objects.exclude(secret="").count() == 1
    assert WebhookEndpoint.objects.filter(previous_secret="").count() == 1
    with pytest.raises(ValueError, match="secret is encrypted"):
        WebhookEndpoint.objects.filter(secret="whsec_plain").count()
    with pytest.raises(FieldError):
        WebhookEndpoint.objects.filter(secret__startswith="whsec").count()


def test_keys_are_changed_with_an_overlap(endpoint, settings, capsys):
    settings.FIELD_KEYS = [OLD]
    call_command("rotate_secrets")
    settings.SECRET_KEY, settings.FIELD_KEYS = "another", [NEW, OLD]
    assert WebhookEndpoint.objects.get().secret == "whsec_plain"

    call_command("rotate_secrets")

    settings.FIELD_KEYS = [NEW]
    assert WebhookEndpoint.objects.get().secret == "whsec_plain"
    assert "1 rows are encrypted with the newest key." in capsys.readouterr().out


def test_without_its_key_a_secret_is_nothing_and_is_not_lost(endpoint, settings):
    before = stored()
    kept, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    found = WebhookEndpoint.objects.get()
    assert found.secret == ""
    found.save()
    with pytest.raises(CommandError, match=f"core.WebhookEndpoint {found.pk} secret$"):
        call_command("rotate_secrets")
    assert stored() == before
    settings.SECRET_KEY = kept
    assert WebhookEndpoint.objects.get().secret == "whsec_plain"


def test_what_was_stored_plain_is_encrypted_by_the_next_rotation(endpoint):
    execute("UPDATE core_webhookendpoint SET secret = 'old and plain'")
    assert WebhookEndpoint.objects.get().secret == "old and plain"
    call_command("rotate_secrets")
    assert reveal(stored()) == "old and plain" != stored()


def test_every_secret_is_encrypted_or_a_hash():
    wrong = [
        f"{model._meta.label}.{name}"
        for model in apps.get_models()
        for name in getattr(model, "secret_fields", ())
        if name not in HASHES and not isinstance(model._meta.get_field(name), SecretField)
    ]
    named = {(model, name) for model, names in secret_columns() for name in names}

    assert wrong == []
    assert {(model, n) for model, n in named if n not in model.secret_fields} == set()
    assert {CarrierAccount, WebhookEndpoint} <= {model for model, _name in named}


def test_history_keeps_no_secret():
    kept = [
        f"{model._meta.label}.{field.name}"
        for model in tracked_models()
        for field in history_model(model)._meta.fields
        if isinstance(field, SecretField) or field.name in getattr(model, "secret_fields", ())
    ]
    assert kept == []


def test_a_secret_that_was_read_is_copied_whole():
    secret, lost = reveal(seal("top")), reveal("fernet:gone")

    for copied in (copy.deepcopy(secret), pickle.loads(pickle.dumps(secret))):
        assert (copied, copied.stored, copied.is_lost) == ("top", secret.stored, False)
    assert copy.deepcopy(lost).is_lost

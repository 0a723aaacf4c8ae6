"""The second factor: codes of an app on somebody's phone, and recovery codes on paper."""

import re
import time
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from os import urandom

import segno
from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac
from django_otp import verify_token
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

from backoffice.core.access.sessions import sign_out_everywhere
from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.models import User

RECOVERY_CODES = 10
OFFER_SECONDS = 900
SALT = "core.second_factor"


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a code was right; until when none is looked at; recovery codes left if one went."""

    is_right: bool
    until: datetime | None = None
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A new key to be put into an app: sealed for the form, as text, as a picture."""

    sealed: str
    text: str
    picture: str


def factor_of(user: User) -> TOTPDevice | None:
    """Return what somebody's codes come from."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def is_asked(user: User) -> bool:
    """Say whether somebody has to give a code: all must where it is required, else who has one."""
    return settings.REQUIRE_SECOND_FACTOR or factor_of(user) is not None


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes somebody has not used."""
    return StaticToken.objects.filter(device__user=user).count()


def offer_key(user: User) -> Offer:
    """Make a key for somebody; nothing is kept before a code proves that their app has it."""
    device = TOTPDevice(user=user, key=default_key())
    text = b32encode(device.bin_key).decode()
    picture = segno.make(device.config_url, micro=False).svg_inline(
        omitsize=True, svgclass="qr", lineclass=None
    )
    words = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    return Offer(signing.dumps([user.pk, device.key], salt=SALT), words, picture)


def offered_key(user: User, sealed: str) -> str | None:
    """Return the key that was offered to this user lately."""
    try:
        owner, key = signing.loads(sealed, salt=SALT, max_age=OFFER_SECONDS)
    except signing.BadSignature:
        return None
    return key if owner == user.pk else None


def fitting_step(key: str, code: str) -> int | None:
    """Return the step of time in which a key gives this code, around now."""
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time()
    return totp.t() if is_code(code) and totp.verify(int(code), tolerance=1) else None


@service
def set_up(user: User, key: str, step: int, *, now: datetime) -> list[str]:
    """Make a key that was proved by its code somebody's second factor; return recovery codes.

    All sessions end; the key takes the place of an earlier one, whose code the caller checked.
    """
    lock(User, [user.pk])
    TOTPDevice.objects.filter(user=user).delete()
    # The code that proved the key does not open the door as well.
    TOTPDevice.objects.create(user=user, name="app", key=key, last_t=step)
    codes = _new_recovery_codes(user)
    emit("user.second_factor_set_up", [Fact(user.pk)])
    sign_out_everywhere([user.pk], now=now)
    return codes


@service
def renew_recovery_codes(user: User, *, now: datetime) -> list[str]:
    """Replace somebody's recovery codes; return the new ones, which nobody can read again."""
    lock(User, [user.pk])
    codes = _new_recovery_codes(user)
    emit("user.recovery_codes_renewed", [Fact(user.pk)])
    return codes


def _new_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="paper")
    codes = [b32encode(urandom(5)).decode().lower() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_hash(user, code)) for code in codes
    )
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def _hash(user: User, code: str) -> str:
    return salted_hmac(SALT, f"{user.pk} {code}", algorithm="sha256").hexdigest()[:16]


def is_code(text: str) -> bool:
    """Say whether a text looks like a code of an app."""
    return re.fullmatch(r"[0-9]{6}", text) is not None


@service
def check_code(user: User, text: str, *, now: datetime) -> Checked:
    """Check a code of the app or a recovery code; each opens once, wrong ones cost time."""
    code = re.sub(r"[\s-]", "", text).lower()
    model, token = (TOTPDevice, code) if is_code(code) else (StaticDevice, _hash(user, code))
    device = model.objects.filter(user=user, confirmed=True).first()
    if device is None:
        return Checked(False)
    may, why = device.verify_is_allowed()
    if not may:
        return Checked(False, until=why["locked_until"])
    if verify_token(user, device.persistent_id, token) is None:
        return Checked(False)
    if model is TOTPDevice:
        return Checked(True)
    left = recovery_codes_left(user)
    emit("user.recovery_code_used", [Fact(user.pk, data={"left": left})])
    return Checked(True, left=left)


@service
def reset_second_factors(user_ids: Sequence[int], *, now: datetime, reason: str) -> None:
    """Take away lost second factors, so that their owners set up new ones; end their sessions."""
    lock(User, user_ids)
    for model in (TOTPDevice, StaticDevice):
        model.objects.filter(user__in=user_ids).delete()
    emit("user.second_factor_reset", [Fact(i) for i in user_ids])
    sign_out_everywhere(user_ids, now=now)

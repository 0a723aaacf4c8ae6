"""Signed tokens: what lets a customer answer to a ticket or a survey without signing in."""

import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

LENGTH = 12
TICKET = re.compile(r"\b(TK-\d{8,})\.([0-9a-f]{12})\b")
SURVEY = re.compile(r"(SV-\d{8,})\.([0-9a-f]{12})")


def _signature(number: str) -> str:
    return salted_hmac("support.tokens", number, settings.SECRET_KEY).hexdigest()[:LENGTH]


def token_of(number: str) -> str:
    """Return a document's token: its number and a signature."""
    return f"{number}.{_signature(number)}"


def _find(pattern: re.Pattern[str], text: str) -> str:
    for number, signature in pattern.findall(text):
        if constant_time_compare(_signature(number), signature):
            return str(number)
    return ""


def ticket_number(text: str) -> str:
    """Return the first ticket number in a text whose signature holds, or nothing."""
    return _find(TICKET, text)


def survey_number(token: str) -> str:
    """Return the survey number of a token, or nothing where the signature does not hold."""
    match = SURVEY.fullmatch(token)
    return _find(SURVEY, token) if match else ""

"""Telling machine mail from people's, so that two machines never answer each other."""

from collections.abc import Mapping

MACHINE_SENDERS = ("mailer-daemon", "postmaster", "bounce", "bounces", "noreply", "no-reply")
BULK = {"bulk", "junk", "list", "auto_reply"}
SUPPRESSING = {"all", "oof", "autoreply"}
MARKS = ("x-autoreply", "x-autorespond", "x-loop", "list-id", "list-unsubscribe")


def is_machine_mail(sender: str, headers: Mapping[str, str]) -> bool:
    """Say whether nobody reads the answer to a mail (RFC 3834 and what machines do besides).

    Header names may have any case.
    """
    lower = {name.lower(): str(value).strip().lower() for name, value in headers.items()}
    local = sender.lower().rpartition("<")[2].strip("> ").partition("@")[0]
    submitted = _word(lower.get("auto-submitted", "no"))
    suppressed = lower.get("x-auto-response-suppress", "").replace(" ", "").split(",")
    return bool(
        submitted != "no"
        or lower.get("return-path", "-") in ("<>", "")
        or lower.get("content-type", "").startswith("multipart/report")
        or _word(lower.get("precedence", "")) in BULK
        or SUPPRESSING & set(suppressed)
        or any(mark in lower for mark in MARKS)
        or any(name.startswith("x-backoffice-") for name in lower)
        or local in MACHINE_SENDERS
        or local.startswith(("bounce+", "bounces+", "noreply+", "no-reply+", "noreply-"))
        or local.endswith(("-noreply", "-bounces"))
    )


def _word(value: str) -> str:
    """Return a header's first word without parameters and comments."""
    return value.split(";")[0].split("(")[0].strip()

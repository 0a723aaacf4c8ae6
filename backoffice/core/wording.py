"""What is kept in English, told in the reader's language: also sentences with values in them.

Reasons are stored as they read in English. Whole ones are looked up; of one that was made by
`_("Wait until %(day)s.") % {…}` the sentence is found again by its fixed words, and its values
are put into the translation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language, gettext, to_locale

HOLE = re.compile(r"%\((\w+)\)[sdr]")
# A value does not reach into the next sentence.
VALUE = r"(?:(?!(?<=[.!?])\s).)+?"
# Fewer fixed letters than these would be found in anything.
LEAST = 4
DEEPEST = 3
SENTENCE = re.compile(r"(?<=[.!?]) (?=\S)")
KEPT = 4096
# The columns in which services and people say why.
SPOKEN = {"reason", "reasons", "error", "last_error", "result", "note", "problem"}


@dataclass(frozen=True, slots=True)
class Template:
    """A translated sentence with holes: its longest fixed words, its pattern, its translation."""

    needle: str
    pattern: re.Pattern[str]
    translation: str


def told(text: str | None) -> str:
    """Return what was kept to the reader: our own in their language, people's as they wrote it."""
    if not text:
        return ""
    return _told(text, get_language() or settings.LANGUAGE_CODE)


@lru_cache(maxsize=KEPT)
def _told(text: str, language: str) -> str:
    if language.startswith("en"):
        return text
    found = _translated(text, language, 0)
    return " ".join(_sentences(text, language)) if found is None else found


def _sentences(text: str, language: str) -> Iterator[str]:
    """Yield a text in the longest runs of sentences that are known."""
    parts = SENTENCE.split(text)
    while parts:
        for size in range(len(parts), 0, -1):
            run = " ".join(parts[:size])
            found = _translated(run, language, 0)
            if found is not None or size == 1:
                yield run if found is None else found
                del parts[:size]
                break


def _translated(text: str, language: str, depth: int) -> str | None:
    whole = gettext(text)
    if whole != text or depth == DEEPEST:
        return whole if whole != text else None
    for template in _templates(language):
        if template.needle not in text:
            continue
        if match := template.pattern.fullmatch(text):
            values = {
                name: _translated(value, language, depth + 1) or value
                for name, value in match.groupdict().items()
            }
            return template.translation % values
    return None


@cache
def _templates(language: str) -> list[Template]:
    """Return the sentences with holes of our own catalogue, those with most fixed words first."""
    found = []
    for folder in settings.LOCALE_PATHS:
        path = Path(folder) / to_locale(language) / "LC_MESSAGES" / "django.mo"
        if not path.exists():
            continue
        with path.open("rb") as file:
            catalogue = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        for text, translation in catalogue.items():
            if isinstance(text, str) and (made := _template(text, translation)):
                found.append(made)
    return [template for _letters, template in sorted(found, key=lambda pair: -pair[0])]


def _template(text: str, translation: str) -> tuple[int, Template] | None:
    names = HOLE.findall(text)
    raw = [part.replace("%%", "") for part in HOLE.split(text)[::2]]
    fixed = [part.replace("%%", "%") for part in HOLE.split(text)[::2]]
    letters = sum(c.isalpha() for part in raw for c in part)
    if not names or letters < LEAST or "%" in "".join(raw):
        return None
    if not set(HOLE.findall(translation)) <= set(names):
        return None
    pattern, seen = re.escape(fixed[0]), set()
    for name, part in zip(names, fixed[1:], strict=True):
        hole = f"(?P={name})" if name in seen else f"(?P<{name}>{VALUE})"
        seen.add(name)
        pattern += hole + re.escape(part)
    # The values are texts by now, whatever they were.
    filled = HOLE.sub(r"%(\1)s", translation)
    return letters, Template(max(fixed, key=len), re.compile(pattern, re.DOTALL), filled)

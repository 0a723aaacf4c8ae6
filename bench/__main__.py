"""Run the benches: `make bench`, or `python -m bench intake` for one."""

import importlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import django

from bench.databases import use_fresh

RESULTS = Path(__file__).parent / "results.json"
BENCHES = [
    *("intake", "api", "moves", "settlement", "matching", "books", "hordak", "million"),
    *("lists", "exports", "planning", "routing", "night", "stock"),
]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")
    use_fresh()
    django.setup()
    for name in sys.argv[1:] or BENCHES:
        figures = importlib.import_module(f"bench.{name}").run()
        print(json.dumps(figures, indent=2))
        record(name, figures)


def record(name: str, figures: dict[str, float]) -> None:
    """Keep a bench's newest figures beside those of the others, with when and of what they are."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    # An older form had the figures of all benches in one.
    known = {bench: kept for bench, kept in known.items() if isinstance(kept, dict)}
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, cwd=RESULTS.parent).stdout.strip()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    known[name] = {"at": at, "commit": commit, "figures": figures}
    draft = RESULTS.with_suffix(".draft")
    draft.write_text(json.dumps(known, indent=2) + "\n")
    draft.replace(RESULTS)


if __name__ == "__main__":
    main()

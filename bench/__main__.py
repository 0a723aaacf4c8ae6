"""Run the benches: `make bench`, or `python -m bench intake` for one."""

import importlib
import json
import os
import sys
from pathlib import Path

import django

from bench.databases import use_fresh

RESULTS = Path(__file__).parent / "results.json"
BENCHES = ["intake", "settlement", "lists", "planning"]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")
    use_fresh()
    django.setup()
    results: dict[str, float] = {}
    for name in sys.argv[1:] or BENCHES:
        results |= importlib.import_module(f"bench.{name}").run()
    print(json.dumps(results, indent=2))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

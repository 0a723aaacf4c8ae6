"""Settings of a server that is measured: serial plans, whose cost its own backend bears alone."""

import importlib.util
import os
from pathlib import Path

from backoffice.settings.development import *  # noqa: F403
from backoffice.settings.development import DATABASES, TEMPLATES

ROOT_URLCONF = "bench.rivals"
DATABASES["default"]["OPTIONS"]["options"] += " -c max_parallel_workers_per_gather=0"
# A rival shows its own templates, not ours.
TEMPLATES[0]["DIRS"] = [
    Path(importlib.util.find_spec(package).origin).parent / "templates"
    for package in os.environ["BENCH_TEMPLATES"].split()
]

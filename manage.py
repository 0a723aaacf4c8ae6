#!/usr/bin/env python3
"""Run a management command in the project's environment, with the services it needs."""

import sys

from devtools.base import Failure
from devtools.commands import command_environment, enter_environment


def main() -> None:
    """Enter .venv, then hand the command to Django."""
    try:
        enter_environment()
        with command_environment(sys.argv[1:]):
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except Failure as failure:
        sys.exit(f"manage.py: {failure}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Set up, run and test Backoffice; needs Python 3.11 or newer and nothing else."""

from __future__ import annotations

import argparse
import sys

VERBS = {
    "run": "run everything with demo data until Ctrl-C (--empty: without)",
    "test": "run all checks and tests, or pytest alone with the arguments given",
    "bench": "run the benchmarks on a database made for them",
    "setup": "bring .venv in line with the locks",
    "manage": "run a management command",
    "stop": "stop a run from elsewhere",
    "reset": "remove all local data (--yes: without asking)",
    "doctor": "say what is well on this machine and what is not",
}


def main(arguments: list[str]) -> int:
    """Carry out one verb and return the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036  (someone may start it with an older one)
        sys.exit(f"Backoffice needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    from devtools import checks, commands, doctor, environment, supervisor
    from devtools.base import Failure
    from devtools.services import keep

    if arguments[:1] == ["_keep"]:
        return keep(arguments[1], int(arguments[2]))
    verbs = "\n".join(f"  {name:7} {text}" for name, text in VERBS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=verbs, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=VERBS, metavar="verb")
    verb = parser.parse_args(arguments[:1]).verb
    rest = arguments[1:]
    try:
        if verb not in ("stop", "reset", "doctor"):
            environment.bootstrap()
        if verb == "test":
            return checks.test(rest)
        if verb == "bench":
            return checks.bench(rest)
        if verb == "manage":
            commands.enter_manage(rest)
        if rest and (verb, *rest) not in (("reset", "--yes"), ("run", "--empty")):
            parser.error(f"{verb} does not take {' '.join(rest)}")
        if verb == "reset":
            return doctor.reset(yes=bool(rest))
        if verb == "run":
            return supervisor.run(empty=bool(rest))
        return {"stop": supervisor.stop, "doctor": doctor.doctor}.get(verb, lambda: 0)()
    except Failure as failure:
        sys.exit(f"dev.py: {failure}")
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

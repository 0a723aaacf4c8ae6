#!/usr/bin/env python3
"""Set up, run and test Backoffice; needs Python 3.11 or newer and nothing else."""

from __future__ import annotations

import argparse
import sys

VERBS = {
    "run": "run everything until Ctrl-C (--empty: without demo data; --port N: there)",
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
        if verb == "run":
            wanted = run_options(rest)
            return supervisor.run(empty=wanted.empty, port=wanted.port)
        if rest and (verb, *rest) != ("reset", "--yes"):
            parser.error(f"{verb} does not take {' '.join(rest)}")
        if verb == "reset":
            return doctor.reset(yes=bool(rest))
        return {"stop": supervisor.stop, "doctor": doctor.doctor}.get(verb, lambda: 0)()
    except Failure as failure:
        sys.exit(f"dev.py: {failure}")
    except KeyboardInterrupt:
        return 130


def run_options(arguments: list[str]) -> argparse.Namespace:
    """Read what `run` takes."""
    parser = argparse.ArgumentParser(prog="dev.py run")
    parser.add_argument("--empty", action="store_true", help="leave the demo data out")
    parser.add_argument("--port", type=int, default=0, help="this port, not the next free one")
    options = parser.parse_args(arguments)
    if options.port and not 1024 <= options.port <= 65535:
        parser.error(f"--port {options.port}: choose one from 1024 to 65535.")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Print how events flow, from the running registry."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backoffice.core.events import BY_KIND, FLOORS, KINDS
from backoffice.core.states import Machine


class Command(BaseCommand):
    help = "Print the graph of events and handlers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dot", action="store_true", help="as a Graphviz digraph")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dot"]:
            self._dot()
        else:
            self._text()

    def _text(self) -> None:
        verbs: dict[str, list[str]] = {}
        for machine in Machine.registry.values():
            for t in machine.transitions.values():
                target = t.to or "same"
                verbs.setdefault(t.event, []).append(f"{machine.label} {t.name} → {target}")
        for floor in FLOORS:
            kinds = [k for k in KINDS.values() if k.floor == floor]
            if not kinds:
                continue
            self.stdout.write(f"\n{floor}")
            for kind in kinds:
                by = f"  [{'; '.join(verbs[kind.name])}]" if kind.name in verbs else ""
                self.stdout.write(f"  {kind.name}: {kind.help}{by}")
                for handler in BY_KIND.get(kind.name, []):
                    self.stdout.write(f"    ─▶ {handler}")

    def _dot(self) -> None:
        self.stdout.write("digraph flow { rankdir=LR;")
        for kind, handlers in BY_KIND.items():
            for handler in handlers:
                self.stdout.write(f'  "{kind}" -> "{handler}";')
        self.stdout.write("}")

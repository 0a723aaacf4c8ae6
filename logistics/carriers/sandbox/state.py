"""What the sandbox carrier knows: its settings, the parcels it sold, and what became of them."""

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from logistics.carriers.sandbox.route import Odds, Step, draw_route

SERVICES = {"STANDARD": "4.90", "EXPRESS": "11.90"}
DAY = 86_400.0
# How long a parcel that has come to its end is remembered, in seconds.
REMEMBERED = 3_600.0


@dataclass(slots=True)
class Control:
    """How the server behaves; every field can be set by `POST /control`."""

    seed: str = "sandbox"
    day_seconds: float = 60.0
    latency: float = 0.0
    error_rate: float = 0.0
    malformed_rate: float = 0.0
    reset_rate: float = 0.0
    # What was asked is done, and the answer is lost.
    loss_rate: float = 0.0
    hang_rate: float = 0.0
    hang_seconds: float = 30.0
    refuses: bool = False
    calls_per_second: float = 0.0
    retry_after: float = 2.0
    odds: dict[str, float] = field(default_factory=dict)
    webhook_url: str = ""
    webhook_secret: str = ""
    duplicate_rate: float = 0.0
    delay_rate: float = 0.0
    push_loss_rate: float = 0.0


@dataclass(slots=True)
class Sold:
    """A parcel whose label was sold; `day_seconds` are its own, whatever is set later.

    One that was adopted had `past_days` real days behind it when it was `adopted_at`.
    """

    number: str
    key: str
    service: str
    sold_at: float
    is_abroad: bool
    day_seconds: float = 60.0
    past_days: float = 0.0
    adopted_at: float = 0.0
    over_at: float = 0.0
    pushed: int = 0
    forced: list[dict[str, Any]] = field(default_factory=list)

    def time(self, step: Step) -> float:
        """Return when a scan happens."""
        if step.days <= self.past_days:
            return self.sold_at + step.days * DAY
        since = self.adopted_at or self.sold_at
        return since + (step.days - self.past_days) * self.day_seconds


class Sandbox:
    """The server's state."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock
        self.control = Control()
        self.parcels: dict[str, Sold] = {}
        self.by_key: dict[str, str] = {}
        self.calls: dict[str, int] = {}
        self.recent: list[float] = []
        self.peak = 0
        self.dice = random.Random(0)  # noqa: S311
        self.changed = False
        if path is not None and path.exists():
            self._load(json.loads(path.read_text()))

    def _load(self, data: dict[str, Any]) -> None:
        for item in data["parcels"]:
            self._keep(Sold(**item))

    def save(self) -> None:
        """Write the parcels to the file, where there is one."""
        if self.path is not None and self.changed:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix(".new")
            draft.write_text(json.dumps({"parcels": [asdict(p) for p in self.parcels.values()]}))
            draft.replace(self.path)
            self.changed = False

    def _keep(self, parcel: Sold) -> None:
        self.parcels[parcel.number] = parcel
        self.by_key[parcel.key] = parcel.number
        self.changed = True

    def sell(self, key: str, service: str, *, is_abroad: bool) -> Sold:
        """Sell a label; the same key gives the same one."""
        if key not in self.by_key:
            digest = hashlib.sha256(f"{self.control.seed}|{key}".encode()).hexdigest()
            number = f"SB{int(digest[:15], 16) % 10**14:014d}"
            pace = self.control.day_seconds
            self._keep(Sold(number, key, service, self.clock(), is_abroad, pace))
        return self.parcels[self.by_key[key]]

    def adopt(
        self, *, number: str, key: str, service: str, is_abroad: bool, sold_at: float
    ) -> bool:
        """Take over a parcel that somebody else sold; say whether it is new."""
        if number in self.parcels:
            return False
        now = self.clock()
        parcel = Sold(
            number,
            key,
            service,
            sold_at,
            is_abroad,
            self.control.day_seconds,
            (now - sold_at) / DAY,
            now,
        )
        # What it has been through is no news.
        parcel.pushed = len(self.scans(parcel))
        self._keep(parcel)
        return True

    def route(self, parcel: Sold) -> list[Step]:
        """Return all that becomes of a parcel."""
        odds = Odds(**self.control.odds)
        express = parcel.service == "EXPRESS"
        seed = f"{self.control.seed}|{parcel.number}"
        return draw_route(seed, odds, express=express, abroad=parcel.is_abroad)

    def scans(self, parcel: Sold) -> list[dict[str, Any]]:
        """Return what has been seen of a parcel so far, as it is answered."""
        now = self.clock()
        seen = []
        for step in self.route(parcel):
            at = parcel.time(step)
            if at <= now:
                seen.append(
                    {
                        "time": datetime.fromtimestamp(at, UTC).isoformat(),
                        "code": step.code,
                        "description": step.description,
                        "location": step.location,
                    }
                )
        return seen + parcel.forced

    def force(self, parcel: Sold, code: str) -> dict[str, Any]:
        """Let something happen to a parcel now."""
        at = datetime.fromtimestamp(self.clock(), UTC)
        scan = {"time": at.isoformat(), "code": code, "description": "Entered by hand"}
        parcel.forced.append(scan)
        parcel.over_at, self.changed = 0.0, True
        return scan

    def news(self) -> list[dict[str, Any]]:
        """Return parcels with their new scans, each scan news of its own; forget what is over."""
        told, now = [], self.clock()
        for parcel in list(self.parcels.values()):
            if parcel.over_at:
                if now - parcel.over_at > REMEMBERED:
                    del self.parcels[parcel.number], self.by_key[parcel.key]
                continue
            scans = self.scans(parcel)
            for scan in scans[parcel.pushed :]:
                told.append({"number": parcel.number, "found": True, "scans": [scan]})
            if len(scans) != parcel.pushed:
                parcel.pushed, self.changed = len(scans), True
            if now >= parcel.time(self.route(parcel)[-1]):
                parcel.over_at = now
        return told

    def answer(self, number: str) -> dict[str, Any]:
        """Return what is known of a number."""
        parcel = self.parcels.get(number)
        if parcel is None:
            return {"number": number, "found": False}
        return {"number": number, "found": True, "scans": self.scans(parcel)}

    def count(self, name: str) -> float:
        """Count a call; return the seconds to wait where there were too many of late."""
        now = time.monotonic()
        self.calls[name] = self.calls.get(name, 0) + 1
        limit = self.control.calls_per_second
        self.recent = [t for t in self.recent if t > now - 1]
        if limit and len(self.recent) >= limit:
            self.calls["limited"] = self.calls.get("limited", 0) + 1
            return self.control.retry_after
        self.recent.append(now)
        self.peak = max(self.peak, len(self.recent))
        return 0

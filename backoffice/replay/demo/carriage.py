"""The sandbox carrier in the past: labels, and scans that come when their parcel's route says."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from backoffice.replay.demo.dice import one_of
from backoffice.replay.demo.story import Story, demo_job
from backoffice.replay.demo.warehouse import SELLERS_POST
from logistics.carriers.base import Label, ParsedScan, TrackResult
from logistics.carriers.sandbox.parser import CODES
from logistics.carriers.sandbox.route import Odds, Step, draw_route
from logistics.carriers.sandbox.state import DAY, SERVICES, Control
from logistics.choices import ParcelStatus, ScanSource
from logistics.models import CarrierAccount, DeliveryException, Parcel
from logistics.services.detection import detect_exceptions
from logistics.services.exceptions import acknowledge_exceptions, resolve_exceptions
from logistics.services.labels import LabelAnswer, record_labels
from logistics.services.pushes import Push, apply_pushes
from logistics.services.scans import Scan, apply_scans

CARRIER = "sandbox"
OUTCOMES = (
    "spoken with the customer",
    "the carrier delivers again",
    "sent once more",
    "the carrier pays for it",
)


@dataclass(slots=True)
class Journey:
    """A parcel with a label of the sandbox carrier, and which of its scans have been told."""

    number: str
    key: str
    service: str
    is_abroad: bool
    sold_at: datetime
    steps: list[Step]
    told: int = 0

    def scan(self, step: Step) -> ParsedScan:
        """Return a step as the carrier tells it; its day of the past is a real one."""
        # Reckoned as the sandbox does, so that what it tells later is the same scan.
        at = datetime.fromtimestamp(self.sold_at.timestamp() + step.days * DAY, UTC)
        return ParsedScan(at, *CODES[step.code], step.code, step.description, step.location)


@dataclass(slots=True)
class Carriage:
    """The parcels that the carrier has."""

    journeys: dict[str, Journey] = field(default_factory=dict)

    def take(self, parcel_ids: Sequence[int], *, now: datetime) -> None:
        """Take parcels over: their numbers tell what will become of them."""
        rows = Parcel.objects.filter(pk__any=list(parcel_ids), account__code=CARRIER)
        for key, number, service, home, country in rows.order_by("pk").values_list(
            "number",
            "tracking_number",
            "service",
            "shipment__warehouse__address__country",
            "shipment__order__ship_to__country",
        ):
            is_abroad = home != country
            steps = draw_route(f"{Control().seed}|{number}", Odds(), abroad=is_abroad)
            self.journeys[number] = Journey(number, key, service, is_abroad, now, steps)

    def scan(self, story: Story) -> int:
        """Tell what the carrier has seen since; return how many scans."""
        results, total = [], 0
        for journey in list(self.journeys.values()):
            seen = []
            while journey.told < len(journey.steps):
                scan = journey.scan(journey.steps[journey.told])
                if not story.has_come(scan.occurred_at):
                    break
                seen.append(scan)
                journey.told += 1
            if seen:
                results.append(TrackResult(journey.number, seen))
                total += len(seen)
            if journey.told == len(journey.steps):
                del self.journeys[journey.number]
        if results:
            with demo_job():
                apply_pushes([Push(CARRIER, results)], now=story.now)
        return total


def label(story: Story, parcel_ids: Sequence[int], *, now: datetime) -> None:
    """Sell the carrier's labels for parcels."""
    rows = Parcel.objects.filter(pk__any=list(parcel_ids), status="CREATED")
    answers = []
    for n, (pk, key, service) in enumerate(
        rows.order_by("pk").values_list("pk", "shipment__order__external_id", "service")
    ):
        seed = f"{story.seed}|{key}|{now:%y%m%d%H}|{n}"
        number = f"SB{int(hashlib.sha256(seed.encode()).hexdigest()[:15], 16) % 10**14:014d}"
        label = Label(number, cost=Decimal(SERVICES[service]), currency="EUR")
        answers.append(LabelAnswer(pk, label))
    if answers:
        with demo_job():
            record_labels(answers, now=now)


def sellers_parcels_arrive(story: Story) -> int:
    """Enter that sellers' parcels have arrived; their post tells nobody."""
    account = CarrierAccount.objects.get(code=SELLERS_POST)
    away = Parcel.objects.filter(
        origin="DEMO", account=account, status=ParcelStatus.IN_TRANSIT, shipped_at__isnull=False
    )

    def arrives(row: tuple[int, str, datetime | None]) -> datetime:
        return story.after(row[2], 3, 0.3, row[1], "arrives")

    rows = away.order_by("-pk").values_list("pk", "tracking_number", "shipped_at")
    scans = [
        Scan(
            account.pk,
            row[1],
            arrives(row),
            ParcelStatus.DELIVERED,
            code="DELIVERED",
            description="Delivered",
            source=ScanSource.MANUAL,
            parcel_id=row[0],
        )
        for row in story.turn(rows, arrives)
    ]
    if scans:
        with demo_job():
            apply_scans(scans, now=story.now)
    return len(scans)


def watch(story: Story) -> None:
    """Find parcels that are silent or late."""
    with demo_job():
        after = 0
        while True:
            _opened, after = detect_exceptions(now=story.now, after=after)
            if not after:
                return


def see_to_exceptions(story: Story) -> int:
    """Take care of delivery exceptions, then clear them up."""
    rows = DeliveryException.objects.filter(origin="DEMO").exclude(status="RESOLVED")
    newest = rows.order_by("-opened_at", "-pk").values_list(
        "pk", "parcel__tracking_number", "kind", "opened_at", "status"
    )
    cleared = {
        pk: one_of(OUTCOMES, story.seed, *key, "outcome")
        for pk, *key, _at, _status in story.turn(
            newest, lambda row: story.after(row[3], 1.8, 0.6, *row[1:3], "cleared"), keep=4
        )
    }
    taken = [
        pk
        for pk, *_key, status in story.turn(
            newest, lambda row: story.after(row[3], 0.3, 0.6, *row[1:3], "taken"), keep=4
        )
        if status == "OPEN" and pk not in cleared
    ]
    with story.role("logistics"):
        if taken:
            acknowledge_exceptions(taken, now=story.now, reason="asked the carrier")
        for outcome in sorted(set(cleared.values())):
            ids = [pk for pk, text in cleared.items() if text == outcome]
            resolve_exceptions(ids, now=story.now, reason=outcome)
    return len(taken) + len(cleared)

"""Plays the demo shop's past: span by span, by the services that live orders use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from backoffice.core.events import deliver
from backoffice.core.past import playing
from backoffice.insights.services.bottleneck import find_bottlenecks
from backoffice.insights.services.checking import run_checks, run_invariants
from backoffice.insights.services.rollup import refresh_times
from backoffice.insights.services.turnover import refresh_turnover
from backoffice.replay.demo import aftercare, carriage, sales, service, stocking, warehouse
from backoffice.replay.demo.carriage import Carriage
from backoffice.replay.demo.market import MARKETS, orders_of_day
from backoffice.replay.demo.masters import create_masters
from backoffice.replay.demo.staff import create_staff
from backoffice.replay.demo.story import Story, demo_job
from backoffice.replay.demo.today import leave_work
from inventory.models import Warehouse
from logistics.services.lanes import measure_lanes
from orders.services.commands import PlaceOrder
from orders.services.stages import measure_stages

MINUTE = timedelta(minutes=1)
# When the spans of a day end (UTC), and which warehouses work in them, how fast at scale 1.
NIGHT, MORNING, NOON, EVENING = time(5, 30), time(8, 30), time(12, 30), time(19)
EXACT = timedelta(days=5)
WAVES = {MORNING: {"BER": 14, "LIL": 7, "SHA": 26}, NOON: {"BER": 14, "LIL": 7}}


@dataclass(slots=True)
class History:
    """The past of one demo shop, played from its first day to the present."""

    seed: int
    days: int
    scale: float
    now: datetime
    carriage: Carriage = field(default_factory=Carriage)
    houses: dict[str, Warehouse] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)

    @property
    def begins(self) -> datetime:
        """Return the first morning of the shop."""
        return datetime.combine(self.now.date() - timedelta(days=self.days), NIGHT, UTC)

    def spans(self) -> Iterator[tuple[datetime, datetime]]:
        """Return the spans from the first morning on; the last one ends now.

        Of the last days the evenings are told apart, so that they are exact to some hours.
        """
        since = self.begins
        while since < self.now:
            is_late = self.now - since < EXACT
            ends = (
                datetime.combine(since.date() + timedelta(days=n), at, UTC)
                for n in (0, 1)
                for at in (MORNING, NOON, *((EVENING,) if is_late else ()))
            )
            end = min(next(at for at in ends if at > since), self.now)
            yield since, end
            since = end

    def orders(self) -> list[PlaceOrder]:
        """Return all that customers ordered, in the order of time."""
        found: list[PlaceOrder] = []
        for market in MARKETS:
            today = self.now.astimezone(ZoneInfo(market.zone)).date()
            for ago in range(self.days + 1, -1, -1):
                day: date = today - timedelta(days=ago)
                found += orders_of_day(market, day, seed=self.seed, ago=ago, scale=self.scale)
        return sorted(
            (c for c in found if self.begins <= c.placed_at < self.now),
            key=lambda c: (c.placed_at, c.external_id),
        )

    def play(self, progress: Callable[[int], None]) -> None:
        """Create the shop and play its past."""
        with connection.cursor() as cursor:
            # What is lost by a crash is played again from the start.
            cursor.execute("SET synchronous_commit = off")
        begins = self.begins
        with playing(begins), demo_job():
            create_staff()
            create_masters(now=begins, seed=self.seed, days=self.days, scale=self.scale)
            deliver_all()
        self.houses = Warehouse.objects.in_bulk(field_name="code")
        orders = self.orders()
        placed = 0
        for since, now in self.spans():
            story = Story(self.seed, since, now, users=self.users)
            upto = next((n for n, c in enumerate(orders) if c.placed_at >= now), len(orders))
            with playing(now):
                self._span(story, orders[placed:upto])
            progress(upto - placed)
            placed = upto
        with playing(self.now):
            leave_work(story)
            deliver_all()
            sales.pay(story)
            deliver_all()
            service.tend(story)
            deliver_all()

    def _span(self, story: Story, commands: list[PlaceOrder]) -> None:
        """Play one span: each act sees what the acts before it led to."""
        at = story.now.timetz().replace(tzinfo=None)
        if at == MORNING:
            self._night(story)
        sales.place(story, commands)
        deliver_all()
        sales.pay(story)
        sales.call_off(story)
        self._customers(story)
        self.carriage.scan(story)
        deliver_all()
        self._desks(story, at)
        if at == NOON:
            self._day(story)
        deliver_all()
        self._warehouses(story, WAVES.get(at, {}))

    def _night(self, story: Story) -> None:
        """Do what the jobs of the night do."""
        sales.expire(story)
        carriage.watch(story)
        stocking.propose(story)

    def _customers(self, story: Story) -> None:
        """Let customers write, call, answer and rate."""
        share = (story.now - story.since) / timedelta(days=1) * self.scale
        letters = service.letters(story, service.LETTERS * share)
        service.write(story, [*letters, *service.write_back(story)])
        service.call(story, service.CALLS * share)
        service.rate(story)

    def _desks(self, story: Story, at: time) -> None:
        """Let the agents answer, and the order desk, the buyers and the warehouse's door work."""
        service.tend(story)
        service.work(story)
        service.take_over(story)
        carriage.see_to_exceptions(story)
        if at in WAVES:
            sales.clear_holds(story)
            sales.confirm_by_hand(story)
            stocking.buy(story)
            stocking.receive(story)

    def _day(self, story: Story) -> None:
        """Do what is done once a day."""
        daily = replace(story, since=story.now - timedelta(days=1))
        warehouse.sellers_send(daily)
        carriage.sellers_parcels_arrive(daily)
        aftercare.send_back(daily)
        aftercare.take_back(daily)
        aftercare.make_good(daily)
        aftercare.decide_refunds(daily)
        aftercare.pay_back(daily, sales.PROVIDER)
        sales.pay_accounts(daily)
        deliver_all()
        stocking.top_up(daily)
        aftercare.close_the_day(daily)
        aftercare.pay_sellers(daily)
        if story.now.weekday() == 2:
            stocking.count_stock(daily, list(self.houses.values()))

    def _warehouses(self, story: Story, wave: dict[str, int]) -> None:
        """Let the warehouses pick, pack and hand over what was planned before."""
        lists = []
        for code, most in wave.items():
            if code == "SHA" or story.now.weekday() < 6:
                house = [self.houses[code].pk]
                limit = max(1, round(most * self.scale))
                at = story.now - 100 * MINUTE
                lists += warehouse.pick(story, house, now=at, most=limit, before=story.since)
        if not lists:
            return
        houses = [house.pk for house in self.houses.values()]
        warehouse.confirm(story, lists, now=story.now - 70 * MINUTE)
        deliver_all()
        parcels = warehouse.pack(story, houses, now=story.now - 50 * MINUTE)
        carriage.label(story, parcels, now=story.now - 50 * MINUTE)
        self.carriage.take(warehouse.hand_over(story, houses, now=story.now), now=story.now)
        deliver_all()


def deliver_all() -> None:
    """Deliver what waits and what follows from it; the clock of deliveries is the real one."""
    deliver(now=timezone.now() + timedelta(days=1))


def measure(*, now: datetime) -> None:
    """Measure what the dashboard shows, as the jobs do."""
    with demo_job():
        measure_lanes(now=now)
        measure_stages(now=now)
        refresh_times(now=now)
        refresh_turnover(now=now)
        find_bottlenecks(now=now)
        run_checks(now=now)
        run_invariants(now=now)

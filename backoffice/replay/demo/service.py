"""Customers who write, call and rate, and the agents who answer them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backoffice.replay.demo.dice import count, dice, happens, one_of
from backoffice.replay.demo.staff import user_id
from backoffice.replay.demo.story import Story, demo_job
from backoffice.replay.demo.words import CARE, COMMENTS, PAYMENT, SCORES, THANKS, TOPICS
from orders.models import Order
from support.business_time import BusinessHours
from support.choices import Direction, Skill, base_language
from support.models import AgentProfile, Survey, Ticket
from support.services.assignment import assign_tickets, assign_to
from support.services.commands import OpenTicket, ReceiveMessage, Reply, SurveyAnswer
from support.services.conversation import reply_to_tickets
from support.services.lifecycle import close_solved_tickets, solve_tickets
from support.services.opening import open_tickets
from support.services.receiving import receive_messages
from support.services.service_levels import watch_service_levels
from support.services.surveys import answer_surveys
from support.tokens import token_of

MAIL = "support.mail"
# What comes in a day in a shop of scale 1.
LETTERS, CALLS = 4.0, 0.6
# Who takes over what nobody else can.
SPEAKERS = {"en": "anna", "zh": "mei"}


def _customers(story: Story, mean: float, what: str) -> list[tuple[Order, datetime]]:
    """Return whose customers turn to us in the span, and when."""
    chance = dice(story.seed, what, story.now)
    times = count(mean, chance)
    if not times:
        return []
    lately = Order.objects.filter(
        origin="DEMO",
        captured_amount__gt=0,
        placed_at__gte=story.now - timedelta(days=9),
        placed_at__lt=story.since,
    )
    ids = list(lately.order_by("-placed_at", "external_id").values_list("pk", flat=True)[:500])
    wanted = sorted({chance.choice(ids) for _ in range(times)}) if ids else []
    orders = Order.objects.filter(pk__any=wanted).select_related("customer").order_by("pk")
    return [(o, story.since + (story.now - story.since) * chance.random()) for o in orders]


def letters(story: Story, mean: float) -> list[ReceiveMessage]:
    """Return what customers write in the span about orders of the last days."""
    found = []
    for order, at in _customers(story, mean, "letters"):
        language = base_language(order.customer.language)
        chance = dice(story.seed, order.external_id, at, "topic")
        topic = chance.choices(TOPICS, [t.weight for t in TOPICS])[0]
        subject, body = topic.text(language)
        found.append(
            ReceiveMessage(
                MAIL,
                f"<{order.external_id}.{at:%Y%m%d%H%M%S}@mail.example>",
                order.customer.email,
                subject.replace("$order", order.order_number),
                body,
                order_number=order.order_number,
                is_verified=True,
                language=language,
                received_at=at,
            )
        )
    return found


def write(story: Story, messages: Sequence[ReceiveMessage]) -> None:
    """Take in what customers wrote."""
    if messages:
        with demo_job():
            receive_messages(messages, now=story.now)


def call(story: Story, mean: float) -> int:
    """Take down what customers ask about payments on the telephone."""
    return take_down(story, _customers(story, mean, "calls"))


def take_down(story: Story, calls: Sequence[tuple[Order, datetime]]) -> int:
    """Open tickets for calls about payments."""
    commands = []
    for order, at in calls:
        language = base_language(order.customer.language)
        subject, body = PAYMENT.text(language)
        commands.append(
            OpenTicket(
                subject.replace("$order", order.order_number),
                body,
                Direction.IN,
                skill=Skill.PAYMENT,
                language=language,
                order_id=order.pk,
                customer_id=order.customer_id,
                requester_email=order.customer.email,
                opened_at=at,
            )
        )
    if commands:
        with story.role("service"):
            open_tickets(commands, now=story.now, reason="telephone")
    return len(commands)


def tend(story: Story) -> None:
    """Let the clocks run: give tickets out, watch service levels, close what stayed solved."""
    with demo_job():
        if Ticket.objects.filter(status__in=["NEW", "OPEN"], assignee=None).exists():
            assign_tickets(now=story.now)
        watch_service_levels(now=story.now)
        close_solved_tickets(now=story.now)


def work(story: Story) -> int:
    """Let the agents on shift answer what they have in hand and solve what stayed quiet."""
    done = 0
    for agent in AgentProfile.objects.select_related("calendar", "user").order_by("pk"):
        now = _moment(story, agent)
        if now is not None:
            with story.user(agent.user_id):
                done += _answer(story, agent.user_id, now) + _solve(story, agent.user_id, now)
    return done


def take_over(story: Story) -> int:
    """Give tickets for which nobody has the skill to somebody who at least speaks the language."""
    lonely = Ticket.objects.filter(origin="DEMO", status__in=["NEW", "OPEN"], assignee=None)
    rows = lonely.order_by("-opened_at", "-pk").values_list("pk", "language", "opened_at")
    due = story.turn(rows, lambda row: story.after(row[2], 1.5, 0.3, *row[1:], "alone"), keep=2)
    for language, username in SPEAKERS.items():
        ids = [row[0] for row in due if row[1] == language]
        if ids:
            with story.role("service"):
                assign_to(ids, agent=user_id(username), now=story.now)
    return len(due)


def _moment(story: Story, agent: AgentProfile) -> datetime | None:
    """Return a moment of the span at which an agent works; none where their shift is over."""
    chance = dice(story.seed, agent.user.username, story.now, "works")
    hours: BusinessHours | None = agent.calendar.hours if agent.calendar else None
    for _ in range(8):
        now = story.since + (story.now - story.since) * chance.uniform(0.1, 1)
        if hours is None or hours.is_open(now):
            return now
    return None


def _answer(story: Story, user: int, now: datetime) -> int:
    mine = Ticket.objects.filter(
        origin="DEMO", status="OPEN", assignee_id=user, opened_at__lt=story.since
    ).select_related("customer")

    def when(ticket: Ticket) -> datetime:
        began = ticket.updated_at if ticket.first_responded_at else ticket.opened_at
        return story.after(began, 0.12, 0.9, ticket.opened_at, began, "answered")

    due = story.turn(mine.order_by("-opened_at", "-pk"), when, keep=2)
    reachable = [t for t in due if t.requester_email or (t.customer and t.customer.email)]
    if reachable:
        reply_to_tickets([Reply(t.pk, _words(t)) for t in reachable], now=now)
    mute = [t.pk for t in due if t not in reachable]
    if mute:
        solve_tickets(mute, now=now, reason="settled without a letter")
    return len(due)


def _words(ticket: Ticket) -> str:
    for topic in (*TOPICS, PAYMENT):
        if ticket.subject[:6] in (topic.en[0][:6], topic.zh[0][:6]):
            return topic.answer(ticket.language)
    return CARE[ticket.language]


def _solve(story: Story, user: int, now: datetime) -> int:
    quiet = Ticket.objects.filter(
        origin="DEMO", status="WAITING", assignee_id=user, waiting_since__lt=story.since
    )
    rows = quiet.order_by("-waiting_since", "-pk").values_list("pk", "opened_at", "waiting_since")
    due = story.turn(rows, lambda row: story.after(row[2], 0.4, 0.5, *row[1:], "quiet"), keep=1)
    if due:
        solve_tickets([row[0] for row in due], now=now, reason="answered")
    return len(due)


def write_back(story: Story, *, share: float = 0.3) -> list[ReceiveMessage]:
    """Return what customers answer in the span to what the agents wrote to them."""
    waiting = Ticket.objects.filter(
        origin="DEMO", status="WAITING", reopened_count=0, waiting_since__isnull=False
    )
    messages = []
    for ticket in waiting.select_related("customer").order_by("pk"):
        key = (ticket.opened_at, ticket.waiting_since)
        at = story.after(ticket.waiting_since, 0.2, 0.6, *key, "writes back")
        sender = ticket.customer.email if ticket.customer else ticket.requester_email
        if sender and happens(share, story.seed, *key, "write back") and story.is_due(at):
            messages.append(
                ReceiveMessage(
                    MAIL,
                    f"<{ticket.number}.{at:%Y%m%d%H%M%S}@mail.example>",
                    sender,
                    f"Re: {ticket.subject}",
                    one_of(THANKS[ticket.language], story.seed, *key, "words"),
                    token=token_of(ticket.number),
                    is_verified=True,
                    language=ticket.language,
                    received_at=at,
                )
            )
    return messages


def rate(story: Story) -> int:
    """Let some customers say how it went."""
    asked = Survey.objects.filter(
        origin="DEMO", status="SENT", ticket__isnull=False, sent_at__gte=story.now - 4 * story.day
    ).select_related("ticket")
    answers = []
    for survey in asked.order_by("pk"):
        assert survey.ticket is not None
        key = (survey.sent_at, survey.ticket.opened_at)
        at = story.after(survey.sent_at, 0.3, 0.8, *key, "rates")
        if happens(0.45, story.seed, *key, "rate") and story.is_due(at):
            score = one_of(SCORES, story.seed, *key, "score")
            words = COMMENTS[survey.ticket.language]
            comment = one_of(words[:4] if score > 3 else words[4:], story.seed, *key, "comment")
            answers.append(SurveyAnswer(survey.pk, score, comment))
    if answers:
        with demo_job():
            answer_surveys(answers, now=story.now)
    return len(answers)

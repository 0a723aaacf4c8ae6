"""The rows that support starts with: queues, service levels, templates."""

from backoffice.core.models.outbound import MessageTemplate
from backoffice.core.standing import standing
from support.choices import Priority, Skill
from support.models import BusinessCalendar, Queue, SlaPolicy
from support.texts import TEMPLATES

# Priority → minutes until the first response and the solution, and of warning before.
LEVELS = {
    Priority.URGENT: (30, 240, 10),
    Priority.HIGH: (60, 480, 15),
    Priority.NORMAL: (240, 1440, 30),
    Priority.LOW: (480, 2400, 60),
}


@standing
def create_support_rows() -> None:
    """Create queues, service levels and templates that are missing."""
    for key, (english, chinese) in TEMPLATES.items():
        for language, (subject, body) in (("en", english), ("zh", chinese)):
            MessageTemplate.objects.get_or_create(
                key=key, language=language, defaults={"subject": subject, "body": body}
            )
    for skill in Skill:
        if not Queue.objects.filter(skill=skill).exists():
            Queue.objects.get_or_create(
                code=skill.lower(), defaults={"name": str(skill.label), "skill": skill}
            )
    if not SlaPolicy.objects.exists():
        calendar, _new = BusinessCalendar.objects.get_or_create(name="Office hours")
        for priority, (first, solution, risk) in LEVELS.items():
            SlaPolicy.objects.create(
                priority=priority,
                first_response_minutes=first,
                solution_minutes=solution,
                risk_minutes=risk,
                calendar=calendar,
            )

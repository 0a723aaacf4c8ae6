"""The people of the demo shop: one for each role, and the agents of the service."""

from django.contrib.auth.models import Group

from backoffice.core.models import User
from support.choices import Language, Skill
from support.models import AgentProfile, BusinessCalendar

# (user, first name, group, language)
ROLES = [
    ("orderdesk", "Olga", "order desk", "en"),
    ("warehouse", "Willem", "warehouse", "en"),
    ("logistics", "Lotte", "logistics", "en"),
    ("service", "Selma", "service", "en"),
    ("finance", "Farid", "finance", "en"),
    ("analyst", "Agnes", "analyst", "en"),
    ("auditor", "August", "auditor", "en"),
]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# (name, zone, from, until)
SHIFTS = [
    ("Berlin service", "Europe/Berlin", "07:00", "19:00"),
    ("Shanghai service", "Asia/Shanghai", "08:00", "20:00"),
]
BASIC = [Skill.GENERAL, Skill.DELIVERY, Skill.RETURNS, Skill.PRODUCT]
# Nobody who speaks Chinese knows payments: such questions wait until somebody sees to it.
# (user, first name, languages, skills, tickets at a time, shift)
AGENTS = [
    ("anna", "Anna", [Language.EN], [*BASIC, Skill.PAYMENT], 12, 0),
    ("jonas", "Jonas", [Language.EN], BASIC, 10, 0),
    ("mei", "Mei", [Language.ZH, Language.EN], BASIC, 10, 1),
    ("lei", "Lei", [Language.ZH], [Skill.GENERAL, Skill.DELIVERY], 8, 1),
]


def create_staff() -> None:
    """Create the demo's users; they cannot sign in before somebody gives them a password."""
    for username, name, _group, language in ROLES:
        User.objects.create_user(
            username=username, first_name=name, is_staff=True, language=language
        )
    calendars = [
        BusinessCalendar.objects.create(
            name=name, time_zone=zone, week={day: [[begin, end]] for day in DAYS}
        )
        for name, zone, begin, end in SHIFTS
    ]
    for username, name, languages, skills, capacity, shift in AGENTS:
        user = User.objects.create_user(
            username=username,
            first_name=name,
            is_staff=True,
            language="zh-hans" if Language.ZH in languages else "en",
            time_zone=calendars[shift].time_zone,
        )
        AgentProfile.objects.create(
            user=user,
            skills=skills,
            languages=languages,
            capacity=capacity,
            calendar=calendars[shift],
        )


def open_roles(password: str) -> list[str]:
    """Let the demo's users sign in as far as their roles are installed; return their names."""
    groups = {_plain(group.name): group for group in Group.objects.all()}
    opened = []
    for username, _name, role, _language in ROLES:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None or role not in groups:
            continue
        user.groups.add(groups[role])
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        opened.append(username)
    return opened


def _plain(name: str) -> str:
    return name.lower().replace("_", " ").replace("-", " ").strip()


def user_id(username: str) -> int:
    """Return the id of one of the demo's users."""
    return User.objects.values_list("pk", flat=True).get(username=username)

"""The people of the demo shop: one for each role, and the agents of the service."""

from django.contrib.auth.hashers import make_password

from backoffice.core.choices import Role
from backoffice.core.models import StaffRole, User
from support.choices import Language, Skill
from support.models import AgentProfile, BusinessCalendar

# (user, first name, role)
ROLES = [
    ("orderdesk", "Olga", Role.ORDER_DESK),
    ("warehouse", "Willem", Role.WAREHOUSE),
    ("logistics", "Lotte", Role.LOGISTICS),
    ("service", "Selma", Role.SERVICE),
    ("finance", "Farid", Role.FINANCE),
    ("analyst", "Agnes", Role.ANALYST),
    ("auditor", "August", Role.AUDITOR),
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
    groups = {row.role: row.group for row in StaffRole.objects.select_related("group")}
    for username, name, role in ROLES:
        user = User.objects.create_user(username=username, first_name=name, is_staff=True)
        user.groups.add(groups[role])
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
        user.groups.add(groups[Role.SERVICE])
        AgentProfile.objects.create(
            user=user,
            skills=skills,
            languages=languages,
            capacity=capacity,
            calendar=calendars[shift],
        )


def open_roles(password: str) -> list[str]:
    """Let the demo's people, one of each role, sign in with a password; return their names."""
    names = [username for username, _name, _role in ROLES]
    people = User.objects.filter(username__in=names, is_active=True, is_staff=True)
    # A hash takes a third of a second, and all of them have the same password.
    hashed = make_password(password)
    for user in people:
        if not user.has_usable_password() or not user.check_password(password):
            user.password = hashed
            user.save(update_fields=["password"])
    found = {user.username for user in people}
    return [name for name in names if name in found]


def user_id(username: str) -> int:
    """Return the id of one of the demo's users."""
    return User.objects.values_list("pk", flat=True).get(username=username)

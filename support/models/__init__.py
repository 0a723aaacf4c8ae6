from support.models.settings import AgentProfile, BusinessCalendar, Macro, Queue, SlaPolicy
from support.models.survey import Survey
from support.models.ticket import Message, Ticket

__all__ = [
    "AgentProfile",
    "BusinessCalendar",
    "Macro",
    "Message",
    "Queue",
    "SlaPolicy",
    "Survey",
    "Ticket",
]

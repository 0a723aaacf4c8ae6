from backoffice.core.models.address import Address
from backoffice.core.models.approval import Approval, ApprovalPolicy
from backoffice.core.models.company import Company, Currency
from backoffice.core.models.document import (
    AppendOnlyModel,
    BusinessDocument,
    SettingsModel,
    number_field,
    number_of,
)
from backoffice.core.models.event import Event, EventDelivery
from backoffice.core.models.export import ExportPart
from backoffice.core.models.file import StoredFile
from backoffice.core.models.history import PersonalValue
from backoffice.core.models.idempotency import IdempotencyKey
from backoffice.core.models.imports import Import, ImportMapping, ImportRow
from backoffice.core.models.inbox import InboundMessage, InboxStep
from backoffice.core.models.job import Job, JobRow
from backoffice.core.models.outbound import MessageTemplate, OutboundMessage
from backoffice.core.models.role import StaffRole
from backoffice.core.models.rule import Rule, RuleAct, RuleRun
from backoffice.core.models.schedule import TaskRun, TaskSwitch
from backoffice.core.models.token import ApiToken
from backoffice.core.models.user import User
from backoffice.core.models.view import SavedView
from backoffice.core.models.webhook import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookHealth,
)

__all__ = [
    "Address",
    "ApiToken",
    "AppendOnlyModel",
    "Approval",
    "ApprovalPolicy",
    "BusinessDocument",
    "Company",
    "Currency",
    "Event",
    "EventDelivery",
    "ExportPart",
    "IdempotencyKey",
    "Import",
    "ImportMapping",
    "ImportRow",
    "InboundMessage",
    "InboxStep",
    "Job",
    "JobRow",
    "MessageTemplate",
    "OutboundMessage",
    "PersonalValue",
    "Rule",
    "RuleAct",
    "RuleRun",
    "SavedView",
    "SettingsModel",
    "StaffRole",
    "StoredFile",
    "TaskRun",
    "TaskSwitch",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookHealth",
    "number_field",
    "number_of",
]

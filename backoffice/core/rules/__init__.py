"""Rules: trigger, filter, action; apps register what rules can do and how it is measured."""

from backoffice.core.rules.registry import rule_action, rule_measure
from backoffice.core.rules.telling import tells_colleagues

__all__ = ["rule_action", "rule_measure", "tells_colleagues"]

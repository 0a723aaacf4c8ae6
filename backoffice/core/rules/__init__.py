"""Rules: trigger, filter, action; apps register what rules can do and how it is measured."""

from backoffice.core.rules.registry import rule_action, rule_measure

__all__ = ["rule_action", "rule_measure"]

"""Ledger, payments, settlement, payouts and invoices."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FinanceConfig(AppConfig):
    name = "finance"
    label = "finance"
    verbose_name = _("Finance")

    def ready(self) -> None:
        from finance import (  # noqa: F401
            channel_money,
            checks,
            events,
            extensions,
            filters,
            handlers,
            inbox,
            invariants,
            obstacles,
            privacy,
            roles,
            rules,
            standing,
            states,
            trail,
        )
        from finance.selectors import scope  # noqa: F401

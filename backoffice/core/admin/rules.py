"""The screens of rules: what they do and did, the form, the look into the past, the switch."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.admin.rule_forms import (
    RuleForm,
    documents_with_rules,
    filter_form,
    parameter_forms,
    posted_filter,
    posted_parameters,
)
from backoffice.core.filtering import FilterError, filterset_of
from backoffice.core.models import Rule, RuleAct
from backoffice.core.models.rule import RULE_COLOURS, RuleMode, Trigger
from backoffice.core.rules.backtest import backtest
from backoffice.core.rules.checking import RuleError, prepare, warnings
from backoffice.core.rules.registry import ACTIONS
from backoffice.core.rules.results import compare, counts, lately
from backoffice.core.rules.switching import switch_rules, write_rule
from backoffice.core.rules.triggers import trigger_words
from backoffice.ui.admin import ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge, badge_html, moments

MODES = {"off": RuleMode.OFF, "shadow": RuleMode.SHADOW, "on": RuleMode.ON}
NEWEST = 50


@admin.register(Rule)
class RuleAdmin(SettingsAdmin):
    sidebar_group = "work"
    why_no_import = gettext_lazy("A rule is made from the filter of a list, and tried first.")
    list_display = (
        *("name", badge("mode", RULE_COLOURS), "about", "does", "last_run"),
        *("acts_today", "owner", "alert"),
    )
    list_select_related = ("owner",)
    search_fields = ("name__icontains",)
    ordering = ("priority", "id")

    @admin.display(description=gettext_lazy("document"))
    def about(self, rule: Rule) -> str:
        filters = filterset_of(rule.document)
        return str(filters._meta.model._meta.verbose_name) if filters else rule.document

    @admin.display(description=gettext_lazy("does"))
    def does(self, rule: Rule) -> Any:
        return ACTIONS[rule.action].label if rule.action in ACTIONS else rule.action

    def fill(self, rows: Sequence[Rule]) -> None:
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        found = lately(rows, since=midnight)
        for rule in rows:
            rule.bo_lately = found[rule.pk]

    @admin.display(description=gettext_lazy("last run"))
    def last_run(self, rule: Rule) -> str:
        at = rule.bo_lately[0]
        return moments(timezone.now())(at) if at else ""

    @admin.display(description=gettext_lazy("acts today"))
    def acts_today(self, rule: Rule) -> str:
        return ", ".join(f"{label}: {n:,}" for label, n in rule.bo_lately[1].items())

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/edit/", view(self.edit_view), name="core_rule_edit"),
            path("<int:pk>/past/", view(self.past_view), name="core_rule_past"),
            path("<int:pk>/switch/<slug:mode>/", view(self.switch_view), name="core_rule_switch"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        document = request.GET.get("document", "")
        if document not in dict(documents_with_rules()):
            context = {"title": _("New rule"), "documents": documents_with_rules()}
            return self._page(request, "rules/document.html", context)
        rule = Rule(document=document, filter=request.GET.get("filter", ""))
        return self._edit(request, rule, _("New rule"))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change a rule."""
        rule = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, rule):
            raise PermissionDenied
        return self._edit(request, rule, _("Change rule"))

    def _edit(self, request: HttpRequest, rule: Rule, title: str) -> HttpResponse:
        """Show the form; write the rule where it is right, say what is wrong where it is not."""
        is_sent = request.method == "POST"
        form = RuleForm(request.POST if is_sent else None, instance=rule, document=rule.document)
        if is_sent:
            rule.filter = posted_filter(request.POST)
            rule.parameters = posted_parameters(request.POST.get("action", ""), request.POST)
            if form.is_valid() and self._written(rule, form):
                messages.success(request, _("The rule is saved."))
                return HttpResponseRedirect(reverse("admin:core_rule_change", args=[rule.pk]))
        return self._page(
            request,
            "rules/edit.html",
            {
                "title": title,
                "rule": rule,
                "form": form,
                "filters": filter_form(rule.document, rule.filter),
                "parameters": parameter_forms(rule.document, rule.action, rule.parameters),
                "back": reverse("admin:core_rule_changelist"),
            },
        )

    def _written(self, rule: Rule, form: forms.Form) -> bool:
        try:
            write_rule(rule, now=timezone.now())
        except RuleError as error:
            for name, texts in error.errors.items():
                for text in texts:
                    is_own = name in form.fields
                    form.add_error(
                        name if is_own else None, text if is_own else f"{_told(name)}{text}"
                    )
            return False
        return True

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        rule = self.get_object(request, object_id)
        if rule is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method != "GET" or not self.has_view_permission(request, rule):
            raise PermissionDenied
        now = timezone.now()
        acts = RuleAct.objects.filter(rule=rule).order_by("-acted_at", "-pk")[:NEWEST]
        context = {
            "title": rule.name,
            "original": rule,
            "rule": rule,
            "badge": badge_html(rule.mode, rule.get_mode_display(), RULE_COLOURS),
            "when": trigger_words(rule),
            "does": self.does(rule),
            "switches": self._switches(request, rule),
            "may_change": self.has_change_permission(request, rule),
            "today": counts(rule, since=now - timedelta(days=1)),
            "month": counts(rule, since=now - timedelta(days=30)),
            "compared": compare(rule, now=now),
            "acts": [(act, self._subject(act)) for act in acts],
            **self._words(rule, now),
        }
        return self._page(request, "rules/rule.html", context)

    def _words(self, rule: Rule, now: datetime) -> dict[str, Any]:
        """Return the conditions in words with what to mind, or what is wrong."""
        try:
            ready = prepare(rule, now=now)
        except RuleError as error:
            wrong = [f"{_told(name)}{text}" for name, why in error.errors.items() for text in why]
            return {"wrong": wrong}
        return {"conditions": ready.filterset.words().values(), "minds": warnings(rule, now=now)}

    def _subject(self, act: RuleAct) -> Any:
        app, model = act.subject_type.split(".")
        url = reverse(f"admin:{app}_{model}_change", args=[act.subject_id])
        return format_html('<a href="{}">{}</a>', url, act.subject_id)

    def _switches(self, request: HttpRequest, rule: Rule) -> list[tuple[str, Any]]:
        if not self.has_change_permission(request, rule):
            return []
        others = [(name, mode) for name, mode in MODES.items() if mode != rule.mode]
        return [
            (reverse("admin:core_rule_switch", args=[rule.pk, name]), mode.label)
            for name, mode in others
        ]

    def switch_view(self, request: HttpRequest, pk: int, mode: str) -> HttpResponse:
        """Ask before a rule is switched (GET), then switch it (POST)."""
        rule = get_object_or_404(self.get_queryset(request), pk=pk)
        if mode not in MODES or not self.has_change_permission(request, rule):
            raise PermissionDenied
        back = reverse("admin:core_rule_change", args=[pk])
        if request.method == "POST":
            reason = request.POST.get("reason", "")[:300]
            outcome = switch_rules([pk], mode=MODES[mode], now=timezone.now(), reason=reason)
            for text in outcome.blocked.get(pk, []):
                messages.error(request, str(text))
            if outcome.moved:
                words = {"rule": rule.name, "mode": MODES[mode].label}
                messages.success(request, _("%(rule)s: %(mode)s.") % words)
            return HttpResponseRedirect(back)
        context = {
            "title": f"{rule.name}: {MODES[mode].label}",
            "rule": rule,
            "mode": mode,
            "label": MODES[mode].label,
            "back": back,
            **self._words(rule, timezone.now()),
        }
        return self._page(request, "rules/switch.html", context)

    def past_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the rule would have met in the last ninety days."""
        rule = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, rule) or not self._may_see(request, rule):
            raise PermissionDenied
        context: dict[str, Any] = {"title": _("%(rule)s in the past") % {"rule": rule.name}}
        context |= {"rule": rule, "back": reverse("admin:core_rule_change", args=[pk])}
        before = request.GET.get("before", "")
        known = before.isascii() and before.isdigit() and len(before) < 19
        try:
            past = backtest(rule, now=timezone.now(), before=int(before) if known else None)
        except FilterError as error:
            context["wrong"] = [str(error)]
        else:
            app, model = rule.document.split(".")
            name = f"admin:{app}_{model}_change"
            rows = [(row, reverse(name, args=[row.pk])) for row in past.rows]
            context |= {"past": past, "rows": rows, "is_later": known}
            context["is_by_clock"] = rule.trigger != Trigger.EVENT
        return self._page(request, "rules/past.html", context)

    def _may_see(self, request: HttpRequest, rule: Rule) -> bool:
        app, model = rule.document.split(".")
        return request.user.has_perm(f"{app}.view_{model}")

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        whole = self.admin_site.each_context(request) | {"opts": self.opts} | context
        return TemplateResponse(request, template, whole)


def _told(name: str) -> str:
    """Return where an error lies, for people."""
    part = name.rpartition(".")[2] if "." in name else ""
    return f"{part}: " if part and part != NON_FIELD_ERRORS else ""


@admin.register(RuleAct)
class RuleActAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are the acts of rules.")
    list_display = (
        *("acted_at", "rule", "subject_type", "subject_id"),
        *(badge("result", RULE_COLOURS), "reasons"),
    )
    list_select_related = ("rule",)
    ordering = ("-id",)

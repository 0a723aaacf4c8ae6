"""The screens of jobs: how far they are, what became of each row, and stopping them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from backoffice.core.admin.files import sent
from backoffice.core.exports import csv_response
from backoffice.core.jobs import (
    ACTIONS,
    BulkAction,
    cancel_jobs,
    model_of,
    pause_jobs,
    resume_jobs,
    start_job,
)
from backoffice.core.models import Job, JobRow
from backoffice.core.models.job import JOB_COLOURS, JobStatus, RowOutcome
from backoffice.core.scope import for_actor
from backoffice.core.states import Machine
from backoffice.core.wording import told
from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.display import badge, badge_html, count_children, counted
from backoffice.ui.exports.job import ACTION, NO_RIGHT, may_have
from backoffice.ui.obstacles import obstacles_of

SHOWN = 50
STEPS: dict[str, Callable[[list[int]], int]] = {
    "pause": pause_jobs,
    "resume": resume_jobs,
    "cancel": lambda ids: cancel_jobs(ids, now=timezone.now()),
}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    sidebar_group = "work"
    why_no_import = gettext_lazy("Jobs are started by actions on lists.")
    list_display = (
        "__str__",
        badge("status", JOB_COLOURS),
        "total",
        "progress",
        "created_by",
        "created_at",
    )
    list_select_related = ("created_by",)
    ordering = ("-id",)
    actions = ("pause", "resume")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        step = wrap(require_POST(self.step))
        return [
            path("<int:pk>/progress/", wrap(self.progress_view), name="core_job_progress"),
            path("<int:pk>/file/", wrap(self.file_view), name="core_job_file"),
            path("<int:pk>/rows/", wrap(self.rows_view), name="core_job_rows"),
            path("<int:pk>/undo/", wrap(require_POST(self.undo)), name="core_job_undo"),
            *(
                path(f"<int:pk>/{name}/", step, {"step": name}, name=f"core_job_{name}")
                for name in STEPS
            ),
            *super().get_urls(),
        ]

    def fill(self, rows: Sequence[Job]) -> None:
        count_children(rows, JobRow, "job", "outcome")

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> str:
        return counted(job, JobRow, "job", "outcome")

    @admin.action(description=gettext_lazy("Pause"), permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: Any) -> None:
        count = pause_jobs(list(queryset.values_list("pk", flat=True)))
        messages.success(request, _("%(n)s jobs pause.") % {"n": count})

    @admin.action(description=gettext_lazy("Resume"), permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: Any) -> None:
        count = resume_jobs(list(queryset.values_list("pk", flat=True)))
        messages.success(request, _("%(n)s jobs go on.") % {"n": count})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        if job is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method != "GET" or not self.has_view_permission(request, job):
            raise PermissionDenied
        bad = job.rows.filter(outcome__in=[RowOutcome.BLOCKED, RowOutcome.FAILED])
        inverse = self._inverse(request, job)
        context = self.admin_site.each_context(request) | {
            "title": str(job),
            "opts": self.opts,
            "original": job,
            "reason": told(job.parameters.get("reason", "")),
            "may": self.has_operate_permission(request),
            "inverse": inverse.label if inverse else "",
            "no_file": self._no_file(request, job),
            "rows": self._rows(request, job, list(bad.order_by("object_id")[:SHOWN])),
            **self._state(request, job),
        }
        return TemplateResponse(request, "ui/job.html", context)

    def _state(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        """Return how far a job is: its outcomes with the address of their rows, and who waits."""
        counts = dict(job.rows.values_list("outcome").annotate(n=Count("pk")))
        address = reverse("admin:core_jobrow_changelist")
        left = counts.get(RowOutcome.WAITING, 0)
        waiting = job.rows.filter(outcome=RowOutcome.WAITING).exclude(reason="")
        outcomes = [
            {
                "badge": badge_html(value, label, JOB_COLOURS),
                "value": value,
                "n": counts[value],
                "url": f"{address}?{urlencode({'job': job.pk, 'outcome': value})}",
            }
            for value, label in RowOutcome.choices
            if value in counts
        ]
        return {
            "job": job,
            "status": badge_html(job.status, job.get_status_display(), JOB_COLOURS),
            "outcomes": outcomes,
            "done": job.total - left,
            "has_done": bool(counts.get(RowOutcome.DONE)),
            "is_paused": job.status == JobStatus.PAUSED,
            "waiting": self._rows(request, job, list(waiting.order_by("object_id")[:SHOWN])),
        }

    def _rows(self, request: HttpRequest, job: Job, rows: Sequence[JobRow]) -> list[dict[str, Any]]:
        """Return rows with the documents' names and links to what puts them right."""
        model = model_of(job.action)
        found = for_actor(model._default_manager.all()) if model else None
        names = found.in_bulk([row.object_id for row in rows]) if found is not None else {}
        ways = obstacles_of(request, model, list(names)) if model else {}
        shown = []
        screen = self.admin_site._registry.get(model) if model else None
        may_open = screen is not None and screen.has_view_permission(request)
        for row in rows:
            document, url = names.get(row.object_id), ""
            if document is not None and may_open:
                opts = document._meta
                name = f"admin:{opts.app_label}_{opts.model_name}_change"
                url = reverse(name, args=[document.pk])
            outcome = badge_html(row.outcome, row.get_outcome_display(), JOB_COLOURS)
            text = str(document or row.object_id)
            links = [link for o in ways.get(row.object_id, []) for link in o.links]
            entry = {"text": text, "url": url, "outcome": outcome, "reason": told(row.reason)}
            shown.append(entry | {"links": links})
        return shown

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how far a job is, for its page to renew itself."""
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return TemplateResponse(request, "ui/job_progress.html", self._state(request, job))

    def _no_file(self, request: HttpRequest, job: Job) -> str:
        """Return why somebody may not have the file that a job made."""
        if job.file is None:
            if job.action == ACTION and not job.is_open:
                return _("There is no file, for some rows were not written: export them again.")
            return ""
        if job.created_by_id != request.user.pk:
            return _("Only %(who)s, who started it, may download the file.") % {
                "who": job.created_by
            }
        if not may_have(job, request.user):
            return str(NO_RIGHT)
        if job.file.removed_at:
            return _("The file was removed when its time was over: export the list again.")
        return ""

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the file that a job made."""
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        if job.file is None:
            raise Http404
        if why := self._no_file(request, job):
            messages.error(request, why)
            return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))
        return sent(job.file)

    def rows_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send what became of each row, or of those with one outcome."""
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        rows = job.rows.order_by("object_id")
        if outcome := request.GET.get("outcome"):
            if outcome not in RowOutcome.values:
                raise Http404
            rows = rows.filter(outcome=outcome)
        header = [_("document"), _("name"), _("outcome"), _("reason")]
        return csv_response(f"job-{job.pk}", header, self._named(job, rows))

    def _named(self, job: Job, rows: Any) -> Iterator[list[Any]]:
        model = model_of(job.action)
        last = 0
        while chunk := list(rows.filter(object_id__gt=last)[:1000]):
            last = chunk[-1].object_id
            wanted = [row.object_id for row in chunk]
            names = model._default_manager.in_bulk(wanted) if model else {}
            for row in chunk:
                name = str(names.get(row.object_id, ""))
                yield [row.object_id, name, row.get_outcome_display(), told(row.reason)]

    def step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Pause, resume or cancel a job."""
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_operate_permission(request):
            raise PermissionDenied
        if not STEPS[step]([pk]):
            messages.warning(request, _("Nothing to do: the job was in another state already."))
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))

    def _inverse(self, request: HttpRequest, job: Job) -> BulkAction | None:
        """Return the action that takes a job back, if the user may do it."""
        action = ACTIONS.get(job.action)
        inverse = ACTIONS.get(action.inverse) if action else None
        if inverse is None or job.is_open:
            return None
        label, _dot, verb = inverse.name.rpartition(".")
        model, machine = model_of(inverse.name), Machine.registry.get(label)
        screen: Any = self.admin_site._registry.get(model) if model else None
        may = screen and machine and screen.may(request, machine.transitions[verb])
        return inverse if may else None

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start the job that takes back what this one did."""
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        inverse = self._inverse(request, job)
        if inverse is None:
            raise PermissionDenied
        done = job.rows.filter(outcome=RowOutcome.DONE).values("object_id")
        reason = _("takes back job %(n)s") % {"n": job.pk}
        back = start_job(inverse.name, done, user_id=request.user.pk or 0, reason=reason)
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[back.pk]))


@admin.register(JobRow)
class JobRowAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are the rows of jobs.")
    list_display = ("job", "object_id", badge("outcome", JOB_COLOURS), "reason")
    list_select_related = ("job",)
    search_fields = ("job__id__exact",)
    ordering = ("-job_id", "object_id")

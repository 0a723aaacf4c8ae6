"""The first page of the staff site: work that waits, the flow, the five times, the proofs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone

from backoffice.core.choices import Origin
from backoffice.core.extensions import Text
from backoffice.core.filtering import FILTERSETS
from backoffice.core.models import StaffRole
from backoffice.core.scope import is_limited
from backoffice.insights.desks import DESKS, LANES
from backoffice.insights.selectors.boxes import Box, Opened, Reading, read
from backoffice.insights.selectors.figures import board, newest_bottleneck, shown_origin, tiles
from backoffice.ui.approvals import decided_at


@dataclass(frozen=True, slots=True)
class Group:
    """A desk or a lane with what its boxes hold now."""

    label: Text
    readings: list[Reading]
    is_mine: bool = True


def opened(request: HttpRequest, site: Any, box: Box, now: datetime) -> Opened | None:
    """Return a box with the rows that this user may see, or None where they may see none."""
    model = apps.get_model(box.document)
    screen = site.get_model_admin(model) if site.is_registered(model) else None
    if screen is None or not screen.has_view_permission(request):
        return None
    filterset = FILTERSETS[box.document]
    rows = filterset(QueryDict(box.query), queryset=screen.get_queryset(request), now=now).strict()
    name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist"
    url = decided_at(request, screen, box.query) or f"{reverse(name)}?{box.query}".rstrip("?")
    return Opened(box, rows, url)


def readings(
    request: HttpRequest, site: Any, groups: Iterable[tuple[Text, tuple[Box, ...], bool]]
) -> list[Group]:
    """Read all boxes of all groups in two statements; groups of which one sees nothing are out."""
    now = timezone.now()
    found = [
        (label, [o for box in boxes if (o := opened(request, site, box, now))], is_mine)
        for label, boxes, is_mine in groups
    ]
    values = iter(read([item for _label, items, _mine in found for item in items], now=now))
    return [
        Group(label, [next(values) for _item in items], is_mine)
        for label, items, is_mine in found
        if items
    ]


def flow(request: HttpRequest, site: Any) -> list[Group]:
    """Return the lanes of the flow as they are now."""
    return readings(request, site, ((lane.label, lane.stages, True) for lane in LANES))


def desks(request: HttpRequest, site: Any) -> list[Group]:
    """Return the work that waits, one's own desks first."""
    own = StaffRole.objects.filter(group__user=request.user.pk)
    roles = set(own.values_list("role", flat=True))
    wanted = [(desk.label, desk.queues, desk.role in roles) for desk in DESKS]
    if not any(is_mine for *_rest, is_mine in wanted):
        wanted = [(label, queues, True) for label, queues, _mine in wanted]
    return readings(request, site, sorted(wanted, key=lambda desk: not desk[2]))


def slow_stage(request: HttpRequest) -> str:
    """Return the stage that the newest report calls the bottleneck."""
    if is_limited() or not request.user.has_perm("insights.view_dailymetric"):  # type: ignore[union-attr]
        return ""
    stages = newest_bottleneck(shown_origin(""))
    return next((stage.stage for stage in stages if stage.is_bottleneck), "")


def context(request: HttpRequest, site: Any) -> dict[str, Any]:
    """Return what the first page shows."""
    origin = shown_origin(request.GET.get("origin", ""))
    # The company's figures tell of warehouses and sellers that somebody may not see.
    is_free = not is_limited()
    measures = is_free and request.user.has_perm("insights.view_dailymetric")  # type: ignore[union-attr]
    proves = is_free and request.user.has_perm("insights.view_checkrun")  # type: ignore[union-attr]
    stages = newest_bottleneck(origin) if measures else []
    return {
        "bo_desks": desks(request, site),
        "bo_lanes": flow(request, site),
        "bo_slow_stage": next((s.stage for s in stages if s.is_bottleneck), ""),
        "bo_origin": origin,
        "bo_origins": Origin.choices,
        "bo_tiles": tiles(origin) if measures else [],
        "bo_stages": stages,
        "bo_board": board() if proves else None,
    }

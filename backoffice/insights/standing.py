"""The rows that insights start with: one for each check."""

from backoffice.core.standing import standing
from backoffice.insights.checks import CHECKS
from backoffice.insights.models import DataCheck


@standing
def create_checks() -> None:
    """Create checks that are missing."""
    for code, check in CHECKS.items():
        DataCheck.objects.get_or_create(
            code=code, defaults={"domain": check.domain, "quality": check.quality}
        )

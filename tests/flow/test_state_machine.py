"""Several orders at once, in any order of things."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.flow.machine import Shop


def test_anything_may_happen_at_any_moment(db: None) -> None:
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

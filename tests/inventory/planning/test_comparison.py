"""The comparison of policies: its file, its command, and the promise on real demand."""

import gzip
import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from inventory.planning import HybridPlanner
from inventory.planning.comparison import FACTORS, LEAD_TIMES, read_demand
from inventory.planning.knob import PENALTY_DAYS
from inventory.planning.peers import MinMax
from inventory.planning.replay import Panel, replay
from tests.fixtures.real_data import needs
from tests.inventory.planning.test_hybrid import lumpy

REAL, needs_real = needs("replenishment", "online_retail_regular.csv.gz")


def written(path: Path, demand: np.ndarray) -> Path:
    lines = ["sku,unit_value,date,quantity"]
    for sku, row in enumerate(demand):
        for day, units in enumerate(row):
            if units:
                stamp = np.datetime64("2025-01-01") + day
                lines.append(f"S{sku:02},{sku + 1}.50,{stamp},{units}")
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.write("\n".join(lines))
    return path


def test_a_file_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    demand = lumpy(3, 70)
    demand[:, 0] = demand[:, -1] = 1
    read, value = read_demand(written(tmp_path / "demand.csv.gz", demand))
    assert np.array_equal(read, demand)
    assert value.tolist() == [1.5, 2.5, 3.5]


def test_the_command_gives_every_policy_at_both_fill_rates(tmp_path: Path) -> None:
    path = written(tmp_path / "demand.csv.gz", lumpy(25, 200))
    out = StringIO()
    call_command("replay_replenishment", str(path), fill=0.95, as_json=True, stdout=out)
    result = json.loads(out.getvalue())
    assert (result["skus"], result["tested_days"]) == (25, 100)
    assert list(result["policies"]) == [
        "static_min_max",
        "monthly_min_max",
        "textbook_normal",
        "ours",
        "hindsight_fixed",
        "clairvoyant_bound",
    ]
    assert all(set(points) == {"95", "98"} for points in result["policies"].values())
    ours, peer = (result["policies"][name]["95"] for name in ("ours", "monthly_min_max"))
    ratio = result["ratios"]["monthly_min_max"]["95"]["inventory"]
    assert ratio == round(ours["inventory"] / peer["inventory"], 4)
    assert result["asked"]["fill"] == 0.95
    out = StringIO()
    call_command("replay_replenishment", str(path), fill=0.95, stdout=out)
    assert "asked for 95.0%: delivered" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column date, sku, quantity, unit_value"),
        ("date,sku,quantity\n", "no column unit_value"),
        ("date,sku,quantity,unit_value\n", "holds no demand"),
        ("date,sku,quantity,unit_value\n2025-13-01,A,1,1\n", "line 2"),
        ("date,sku,quantity,unit_value\n2025-01-01,A,-1,1\n", "must be 0 or more"),
        ("date,sku,quantity,unit_value\n2025-01-01,A,1,nan\n", "must be 0 or more"),
        ("date,sku,quantity,unit_value\n0205-01-01,A,1,1\n2025-01-01,A,1,1\n", "dates span"),
        ("date,sku,quantity,unit_value\n2025-01-01,A,1,1\n2025-01-09,A,1,1\n", "needs 60"),
    ],
)
def test_a_bad_file_says_what_and_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "demand.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=says):
        call_command("replay_replenishment", str(path))


def test_a_missing_or_cut_file_and_a_fill_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("replay_replenishment", str(tmp_path / "none.csv"))
    whole = written(tmp_path / "demand.csv.gz", lumpy(3, 90))
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("replay_replenishment", str(whole))
    with pytest.raises(CommandError, match="--fill"):
        call_command("replay_replenishment", str(whole), fill=98.0)


@needs_real
def test_far_less_stock_than_the_peers_rule_for_the_same_fill_on_real_demand() -> None:
    demand, value = read_demand(REAL)
    panel = Panel.draw(demand[::3], value[::3], 365, LEAD_TIMES)
    planner = HybridPlanner(panel.unit_value, LEAD_TIMES)

    def policy(day: int) -> tuple[np.ndarray, np.ndarray]:
        plan = planner.plan(panel.demand[:, : day + 1], PENALTY_DAYS[5:11])
        return plan.reorder_point, plan.order_quantity

    ours = replay(panel, policy).at(0.98)
    peer = replay(panel, MinMax(panel, FACTORS, cover_days=14.0)).at(0.98)
    assert ours is not None
    assert peer is not None
    assert ours[0] <= 0.55 * peer[0]
    assert ours[1] <= peer[1]

"""The figures of benches: those of one do not wipe out those of the others."""

import json

from bench import __main__ as bench


def test_a_bench_alone_keeps_the_figures_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
    (tmp_path / "results.json").write_text('{"of an older form": 1.5}')

    bench.record("intake", {"ratio": 0.7})
    bench.record("lists", {"page": 12.0})
    bench.record("intake", {"ratio": 0.6})

    kept = json.loads((tmp_path / "results.json").read_text())
    assert {name: found["figures"] for name, found in kept.items()} == {
        "intake": {"ratio": 0.6},
        "lists": {"page": 12.0},
    }
    assert set(kept["intake"]) == {"at", "commit", "figures"}

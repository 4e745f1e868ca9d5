"""Measurements: how they compare, the file they are kept in, and the machine they were taken on."""

import json
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from bench import limits, machine, record, results
from bench.results import LIMIT, LIMITS, MACHINE, Measurement, compare, under
from heatproof.run.errors import UserError
from tests.bench.made import HERE, measurement

RATES = {"slow": [10.0, 30.0], "fast": [20.0, 40.0]}


@pytest.mark.parametrize(
    ("better", "ours", "peer", "theirs", "ratio", "spread"),
    [("more", 60, "fast", 40, 1.5, (1.5, 2.5)), ("less", 50, "slow", 10, 0.2, (0.2, 0.5))],
)
def test_the_project_is_compared_with_the_best_peer(
    better, ours, peer, theirs, ratio, spread
) -> None:
    compared = compare(measurement([50.0, 60.0], better, peers=RATES))
    assert (compared.ours, compared.peer, compared.theirs) == (ours, peer, theirs)
    assert compared.ratio == pytest.approx(ratio)
    assert compared.spread == pytest.approx(spread)
    assert compared.met is None


@pytest.mark.parametrize(
    ("better", "ours", "goal", "met"),
    [
        ("more", 25.0, 1.25, True),
        ("more", 24.9, 1.25, False),
        ("less", 16.0, 1.25, True),
        ("less", 16.1, 1.25, False),
    ],
)
def test_a_goal_is_met_from_it_on(better: str, ours: float, goal: float, met: bool) -> None:
    assert compare(measurement([ours], better, goal, peers={"peer": [20.0]})).met is met


def test_a_limit_may_be_judged_by_the_median() -> None:
    rounds = [4.0, 5.1, 9.0]
    assert compare(under("a", "b", "s", rounds, 5.0)).met is True
    judged = compare(under("a", "b", "s", rounds, 5.0, judged_by="median"))
    assert judged.ours == 5.1 and judged.met is False


def test_rounds_are_paired_as_far_as_both_have_them() -> None:
    compared = compare(measurement([10.0, 20.0, 90.0], peers={"once": [10.0]}))
    assert compared.ratio == pytest.approx(9)
    assert compared.spread == (1, 1)


def test_a_value_may_be_missing() -> None:
    without_peer = compare(measurement([3.0], goal=1.25, peers={"gone": []}))
    assert (without_peer.ours, without_peer.ratio, without_peer.met) == (3, None, None)
    without_ours = compare(measurement([], goal=1.25, peers=RATES))
    assert (without_ours.ours, without_ours.ratio, without_ours.met) == (None, None, False)
    assert compare(measurement([], peers=RATES)).met is None
    assert compare(under("memory", "fetch", "GiB", [], 2.0)).met is False


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    first = measurement([1.0, 2.0], goal=1.25, peers={"a": [0.5]}, absent={"b": "why"},
                        shares={"product": 0.4}, note="a note")  # fmt: skip
    results.put(file, [first], HERE)
    assert results.get(file) == [(first, HERE)]


def test_a_case_measured_again_replaces_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.put(file, [measurement([1.0]), measurement([2.0], case="simple_cnn")], HERE)
    results.put(file, [measurement([3.0]), measurement([4.0], part="memory")], HERE | {"cores": 4})
    assert {
        (m.part, m.case): (m.sides["project"], where["cores"]) for m, where in results.get(file)
    } == {
        ("memory", "resnet18"): ([4.0], 4),
        ("training", "resnet18"): ([3.0], 4),
        ("training", "simple_cnn"): ([2.0], 2),
    }


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"measurements": [1]}',
     '{"measurements": [{"part": "a", "case": "b", "machine": {}, "more": 1}]}'],
)  # fmt: skip
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(text)
    with pytest.raises(UserError, match=r"results\.json: not what `python -m bench` writes"):
        results.get(file)
    assert file.read_text() == text


def test_a_bench_prints_keeps_and_judges(tmp_path: Path, capsys) -> None:
    file = tmp_path / "results.json"
    with record.into(None) as take:
        take(measurement([1.0], peers={"a": [1.0]}))
    with pytest.raises(SystemExit) as ended, record.into(file) as take:
        take(measurement([1.0], case="kept"))
        take(measurement([1.0], goal=2.0, peers={"a": [1.0]}))
    assert ended.value.code == 1
    assert capsys.readouterr().out.endswith("missed: resnet18\n")
    assert {each.case for each, _ in results.get(file)} == {"kept", "resnet18"}
    where = results.get(file)[0][1]
    assert where.pop("others") >= 0 and where.pop("date") == machine.today()
    assert where == machine.description()
    assert sorted(tmp_path.iterdir()) == [file]


def test_a_machines_limit_is_known_on_that_machine_only(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert limits.known(None, limits.PRODUCT) is None
    assert limits.known(file, limits.PRODUCT) is None
    product = Measurement(LIMITS, limits.PRODUCT, "GFLOP/s", "more", {MACHINE: [5.0, 7.0]})
    results.put(file, [product], machine.description() | {"commit": "another"})
    assert limits.known(file, limits.PRODUCT) == 7
    assert limits.known(file, limits.COPY) is None
    results.put(file, [product], machine.description() | {"cores": 1000})
    assert limits.known(file, limits.PRODUCT) is None


def test_the_machine_is_described_without_names_of_host_or_place(repository: Path) -> None:
    told = machine.description(torch="9.9")
    assert told["libraries"]["torch"] == "9.9"
    assert told["libraries"]["tensorflow"]
    assert told["cores"] >= 1 and told["cpu"]
    text = json.dumps(told)
    assert str(repository) not in text and str(Path.home()) + "/" not in text
    assert platform.node() not in text or len(platform.node()) < 4


def test_the_committed_results_can_be_shown(repository: Path) -> None:
    rows = results.get(repository / "bench" / "results.json")
    assert {each.part for each, _ in rows} > {LIMITS, "training", "explaining"}
    assert all(set(each.sides) - {LIMIT} for each, _ in rows)


def test_what_others_take_is_what_the_bench_does_not(monkeypatch) -> None:
    """In ten seconds the two cores work for 15, of which the bench and its children have 9."""
    looks = [iter(each) for each in ([100.0, 115.0], [20.0, 29.0], [0.0, 10.0])]
    busy, own, clock = (lambda values=values: next(values) for values in looks)

    class Times(NamedTuple):
        user: float
        idle: float

    monkeypatch.setattr(machine.psutil, "cpu_times", lambda: Times(busy(), 1e6))
    monkeypatch.setattr(machine, "_cpu_seconds", lambda process: own())
    monkeypatch.setattr(machine, "_ITSELF", SimpleNamespace(children=lambda recursive: []))
    monkeypatch.setattr(machine.time, "monotonic", clock)
    assert machine.Others().cores() == pytest.approx(0.6)


def test_a_childs_work_is_the_benchs_own_also_after_it_has_ended() -> None:
    work = "import time\nwhile time.process_time() < 1: pass"
    before = machine._cpu_seconds(machine._ITSELF)
    subprocess.run([sys.executable, "-c", work], check=True)
    assert machine._cpu_seconds(machine._ITSELF) - before > 0.9

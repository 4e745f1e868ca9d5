"""Results as text: the one table of all benches, and a bench's own lines."""

from bench import limits
from bench.results import LIMIT, LIMITS, MACHINE, Measurement
from bench.table import aligned, lines, number, text_of
from tests.bench.made import HERE, measurement


def line_with(text: str, word: str) -> str:
    (line,) = [line for line in text.splitlines() if word in line]
    return " ".join(line.split())


def test_a_line_has_values_ratio_goal_and_shares() -> None:
    row = measurement([100.0, 150.0], goal=1.25, peers={"Keras on JAX": [100.0, 100.0]},
                      shares={"product": 0.42})  # fmt: skip
    assert line_with(text_of([(row, HERE)]), "resnet18") == (
        "training resnet18 150 images/s 100 images/s Keras on JAX 1.50 (1.00 to 1.50) 1.25 met "
        "42% of product"
    )


def test_a_missed_goal_stands_out() -> None:
    row = measurement([3.0], "less", 1, part="memory", unit="GiB", peers={LIMIT: [2.0]})
    assert line_with(text_of([(row, HERE)]), "resnet18") == (
        "memory resnet18 3.00 GiB 2.00 GiB limit 0.67 1.00 MISSED"
    )
    lost = text_of([(measurement([], goal=1.0, peers={"peer": [1.0]}), HERE)])
    assert "absent: project (training, resnet18): nothing was measured" in lost
    assert "MISSED" in lost


def test_absent_peers_are_named_with_their_reasons_once_and_notes_below() -> None:
    rows = [
        (
            measurement([1.0], goal=1.25, case=case, absent={"PyTorch": "gone"}, note="of 3"),
            HERE,
        )
        for case in ("resnet18", "simple_cnn")
    ]
    text = text_of(rows)
    assert text.count("gone") == 1
    assert "absent: PyTorch (training, resnet18, simple_cnn): gone" in text
    assert "no peer" in line_with(text, "resnet18 ")
    assert "training, resnet18, simple_cnn: of 3" in text.split("\n\n")[1]


def test_each_machine_is_described_once() -> None:
    other = HERE | {"cpu": "Another", "libraries": {"tensorflow": "2.22.0"}}
    later = HERE | {"commit": "f" * 40, "changed": True}
    rows = [
        (measurement([1.0], case="a"), HERE),
        (measurement([1.0], case="b"), other),
        (measurement([1.0], case="c", part="memory"), later),
    ]
    text = text_of(rows)
    assert text.count("A processor") == text.count("Another") == 1
    assert text.count("[2]") == 2  # at its line, and before its description
    assert "at commit 0123456789ab: training" in text
    assert "at commit ffffffffffff with changes: memory" in text
    assert "[1]" not in text_of(rows[:1])


def test_when_it_was_measured_and_beside_what_stands_with_its_part() -> None:
    rows = [
        (measurement([1.0], case=case), HERE | {"date": "2026-12-01", "others": cores})
        for case, cores in (("a", 0.04), ("b", 1.26))
    ]
    text = text_of(rows)
    assert text.count("A processor") == 1
    assert "commit 0123456789ab, 2026-12-01: training (others on 0.0 to 1.3 cores)" in text


def test_a_ratio_of_cpu_time_is_of_the_same_peer() -> None:
    cpu = {"project": [3.0, 3.0], "best": [1.0, 2.0], "other": [9.0, 9.0]}
    row = measurement([2.0, 4.0], peers={"best": [2.0, 1.0], "other": [1.0, 1.0]}, cpu=cpu)
    line = line_with(text_of([(row, HERE)]), "resnet18")
    assert line.endswith("best 2.00 (1.00 to 4.00) 1.50 (1.50 to 3.00)")


def test_limits_stand_with_their_machine_and_not_in_the_table() -> None:
    limit = Measurement(LIMITS, limits.PRODUCT, "GFLOP/s", "more", {MACHINE: [99.0, 101.0]})
    table, *below = text_of([(limit, HERE), (measurement([1.0]), HERE)]).split("\n\n")
    assert limits.PRODUCT not in table
    assert f"limit: {limits.PRODUCT}: 101 GFLOP/s" in below[-1]
    assert "absent" not in "".join(below)


def test_a_bench_prints_a_line_per_side_below() -> None:
    row = measurement([100.0, 150.0, 120.0], peers={"one": [50.0], "two": [60.0, 75.0]},
                      absent={"three": "gone"}, note="of 3")  # fmt: skip
    first, *sides = (" ".join(line.split()) for line in lines(row))
    assert first == "training resnet18 150 images/s 75.0 images/s two 2.00 (1.67 to 2.00)"
    assert sides == [
        "project 120 images/s (100 to 150)",
        "two 67.5 images/s (60.0 to 75.0)",
        "three – gone",
        "of 3",
    ]


def test_numbers_keep_three_digits() -> None:
    texts = ["0.00123", "0.123", "1.23", "12.3", "123", "1,235"]
    assert [number(v) for v in (0.00123, 0.1234, 1.234, 12.34, 123.4, 1234.6)] == texts


def test_columns_without_anything_take_no_room() -> None:
    assert aligned([("a", "", "b"), ("aa", "", "")]) == ["a   b", "aa"]

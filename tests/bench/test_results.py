"""One file of results: parts replace each other, and what is no such file is refused."""

from pathlib import Path

import pytest

from bench import machine, results
from heatproof.run.errors import UserError
from tests.bench.made import MACHINE, measurement


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    first = measurement([1.0, 2.0], goal=1.25, peers={"a": [0.5]}, absent={"b": "why"},
                        shares={"product": 0.4}, note="a note")  # fmt: skip
    results.put(file, [first], MACHINE)
    assert results.get(file) == [(first, MACHINE)]


def test_a_case_measured_anew_replaces_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    old, other = measurement([1.0]), measurement([2.0], case="simple_cnn")
    new, elsewhere = measurement([3.0]), measurement([4.0], part="memory")
    results.put(file, [old, other], MACHINE)
    results.put(file, [new, elsewhere], MACHINE | {"cores": 4})
    found = {(m.part, m.case): (m.sides["project"], where["cores"]) for m, where in
             results.get(file)}  # fmt: skip
    assert found == {
        ("memory", "resnet18"): ([4.0], 4),
        ("training", "resnet18"): ([3.0], 4),
        ("training", "simple_cnn"): ([2.0], 2),
    }


def test_nothing_is_kept_unless_asked_for(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    results.keep(None, measurement([1.0]))
    assert list(tmp_path.iterdir()) == []
    results.keep(tmp_path / "r.json", measurement([1.0]))
    ((_, where),) = results.get(tmp_path / "r.json")
    assert where == machine.description()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"measurements": [{}]}', '{"measurements": [1]}',
     '{"measurements": [{"part": "a", "case": "b", "machine": {}, "more": 1}]}'],
)  # fmt: skip
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(text)
    with pytest.raises(UserError, match=r"results\.json: not what `python -m bench` writes"):
        results.get(file)
    assert file.read_text() == text


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="python -m bench"):
        results.get(tmp_path / "none.json")


def test_the_machine_is_told_without_names_of_host_or_place(repository: Path) -> None:
    import json
    import platform

    told = machine.description(torch="9.9")
    assert told["libraries"]["torch"] == "9.9"
    assert told["libraries"]["tensorflow"]
    assert told["cores"] >= 1 and told["cpu"]
    text = json.dumps(told)
    assert str(repository) not in text and str(Path.home()) + "/" not in text
    assert platform.node() not in text or len(platform.node()) < 4

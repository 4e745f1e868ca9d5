"""Parts of a study on a cluster, and a sweep's experiments: what is asked of whom."""

from contextlib import nullcontext
from pathlib import Path

import networkx as nx
import pytest
import yaml

from heatproof.run.errors import UserError
from tests.scratch import ROOT
from tools import cluster, cluster_run, repro, sweep_cluster
from tools.stage_graph import Graph

GRAPH = Graph(
    nx.DiGraph(
        [
            ("train@a-d", "preprocess@d"),
            ("train@b-d", "preprocess@d"),
            ("evaluate@a-d", "train@a-d"),
            ("evaluate@b-d", "train@b-d"),
            ("report", "evaluate@a-d"),
            ("report", "evaluate@b-d"),
        ]
    ),
    {},
    (),
)


def test_a_target_comes_with_what_it_needs_and_with_nothing_else() -> None:
    assert set(GRAPH.leading_to(["evaluate@a-d"])) == {"evaluate@a-d", "train@a-d", "preprocess@d"}
    both = {"train@a-d", "train@b-d", "preprocess@d"}
    assert set(GRAPH.leading_to(["train"])) == both, "a stage's name is all of its keys"
    assert set(GRAPH.leading_to([])) == set(GRAPH.stages)


def test_what_is_no_stage_is_refused() -> None:
    with pytest.raises(UserError, match=r"images\.dvc: no stage of dvc\.yaml"):
        GRAPH.leading_to(["train@a-d", "images.dvc"])


@pytest.mark.parametrize(
    ("words", "place", "targets"),
    [
        ([], "auto", []),
        (["auto", "report"], "auto", ["report"]),
        (["ray://head:10001"], "ray://head:10001", []),
        (["10.0.0.5:6379", "train@a-d", "report"], "10.0.0.5:6379", ["train@a-d", "report"]),
        (["train@a-d", "report"], "auto", ["train@a-d", "report"]),
    ],
)
def test_an_address_is_told_from_a_target(words: list[str], place: str, targets: list[str]) -> None:
    assert cluster.place_and_targets(words) == (place, targets)


@pytest.mark.parametrize("words", [[""], ["auto", " "]])
def test_an_empty_word_is_refused(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="an address or a stage is empty"):
        cluster.place_and_targets(words)
    monkeypatch.setattr("sys.argv", ["repro", "--cluster", words[-1]])
    with pytest.raises(UserError, match="CLUSTER is empty"):  # not a plain run without a word
        repro.main()


def test_the_command_that_resumes_names_the_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    said = repro.same_command(1, ["report", "open"], "auto")
    assert said == 'make repro CLUSTER=auto TARGET="report open"'
    monkeypatch.chdir(tmp_path)
    said = repro.same_command(1, ["report"], "auto")
    assert said == "heatproof cluster run auto report"


def test_parameters_are_set_as_dvc_sets_them_for_an_experiment(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("network:\n  stride: 1  # in pixels\n  filters: [4, 8]\n", encoding="utf-8")
    sweep_cluster.set_parameters(tmp_path, ["network.stride=3", "network.filters=[2,2]"])
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == {"network": {"stride": 3, "filters": [2, 2]}}
    assert "# in pixels" in text
    with pytest.raises(UserError, match=r"network\.strides=3") as error:
        sweep_cluster.set_parameters(tmp_path, ["network.strides=3"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("stale", [{"fetch@d", "train@a-d"}, {"fetch@d"}])
def test_a_cluster_is_asked_for_before_the_head_begins_where_nodes_have_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stale: set[str]
) -> None:
    class Recorder:
        def __init__(self, folder: Path) -> None: ...

        def stale(self, stages: list[str]) -> set[str]:
            assert stages == ["fetch@d", "train@a-d"]
            return stale

    monkeypatch.setattr(cluster_run, "Recorder", Recorder)
    what = ("no:port", tmp_path, ["fetch@d"], ["train@a-d"])
    refused = pytest.raises(UserError, match="CLUSTER=no:port: no Ray cluster answers")
    with refused if "train@a-d" in stale else nullcontext():
        cluster_run._require_cluster(*what)

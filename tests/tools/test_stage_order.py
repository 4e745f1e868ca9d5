"""What runs first, and that nothing runs before what it needs."""

from dataclasses import dataclass

import networkx as nx

from tools import stage_order

# In the order of DVC, which is that of dvc.yaml.
NEEDS = {
    "fetch@d": [],
    "train@a-d": ["fetch@d"],
    "train@a-d-fold1of2": ["fetch@d"],
    "train@a-d-shuffled": ["fetch@d"],
    "train@b-d": ["fetch@d"],
    "evaluate@a-d": ["train@a-d"],
    "evaluate@a-d-fold1of2": ["train@a-d-fold1of2"],
    "evaluate@b-d": ["train@b-d"],
    "assess@a-d": ["evaluate@a-d"],
    "assess@b-d": ["evaluate@b-d"],
    "assess_shuffled@a-d": ["train@a-d", "train@a-d-shuffled"],
    "report": ["assess_shuffled@a-d", "assess@a-d", "assess@b-d", "evaluate@a-d-fold1of2"],
}


@dataclass(frozen=True)
class Stage:
    addressing: str


def order(*names: str) -> list[str]:
    needs = [(Stage(name), Stage(other)) for name, others in NEEDS.items() for other in others]
    ordered = stage_order.ordered([Stage(name) for name in names], nx.DiGraph(needs))
    return [stage.addressing for stage in ordered]


def test_a_cell_is_assessed_before_its_other_runs_are_trained() -> None:
    assert order(*NEEDS) == [
        "fetch@d", "train@a-d", "train@b-d", "evaluate@a-d", "evaluate@b-d", "assess@a-d",
        "assess@b-d", "train@a-d-fold1of2", "train@a-d-shuffled", "assess_shuffled@a-d",
        "evaluate@a-d-fold1of2", "report",
    ]  # fmt: skip


def test_of_runs_alone_the_order_is_dvcs() -> None:
    names = [name for name in NEEDS if name.startswith("train")]
    assert order(*names) == names
    other = [Stage("b"), Stage("a")]
    assert stage_order.ordered(other, None) == other, "--single-item: the user's order"

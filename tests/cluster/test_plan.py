"""Which stages are one task, and which tasks wait for which."""

import networkx as nx

from heatproof.cluster import plan

CELLS = {"a-d": "a-d", "b-d": "b-d", "a-d-seed2": "a-d"}


def graph() -> nx.DiGraph:
    """Return two cells on one dataset; a-d has two families of maps, and another seed."""
    edges = [("preprocess@d", "fetch@d"), ("fetch@d", "fingerprint"), ("inspect@d", "fetch@d")]
    for run in CELLS:
        edges += [(f"train@{run}", "preprocess@d"), (f"evaluate@{run}", f"train@{run}")]
    for family in ("gradients", "shapley"):
        edges += [
            (f"explain_{family}@a-d", "evaluate@a-d"),
            (f"measure_{family}@a-d", f"explain_{family}@a-d"),
            ("assess@a-d", f"measure_{family}@a-d"),
        ]
    edges += [
        ("measure_shapley@a-d", "measure_gradients@a-d"),
        ("compare_runs@a-d", "train@a-d"),
        ("compare_runs@a-d", "train@a-d-seed2"),
        ("report", "assess@a-d"),
        ("report", "evaluate@b-d"),
        ("report", "inspect@d"),
    ]
    return nx.DiGraph(edges)


def test_networks_are_evaluated_where_they_were_trained_and_maps_measured_where_made() -> None:
    before, tasks = plan.tasks(graph(), CELLS)
    assert before == ["fingerprint", "fetch@d", "preprocess@d"]
    assert {task.name: task.stages for task in tasks} == {
        "train@a-d": ("train@a-d", "evaluate@a-d"),
        "train@b-d": ("train@b-d", "evaluate@b-d"),
        "train@a-d-seed2": ("train@a-d-seed2", "evaluate@a-d-seed2"),
        "gradients@a-d": ("explain_gradients@a-d", "measure_gradients@a-d"),
        "shapley@a-d": ("explain_shapley@a-d", "measure_shapley@a-d"),
        "assess@a-d": ("assess@a-d",),
        "compare_runs@a-d": ("compare_runs@a-d",),
    }
    needs = {task.name: task.needs for task in tasks}
    assert needs["train@b-d"] == ()
    assert needs["shapley@a-d"] == ("gradients@a-d", "train@a-d")
    assert needs["compare_runs@a-d"] == ("train@a-d", "train@a-d-seed2")
    takes = {task.name: task.takes for task in tasks}
    assert takes["train@b-d"] == ("preprocess@d",)
    assert takes["gradients@a-d"] == ("evaluate@a-d",)
    done: set[str] = set()
    for task in tasks:
        assert done >= set(task.needs), "each comes after those it needs"
        done.add(task.name)


def test_what_only_the_head_can_run_comes_first_with_all_it_needs() -> None:
    before, tasks = plan.tasks(graph(), CELLS, here={"evaluate@b-d"})
    assert before[-2:] == ["train@b-d", "evaluate@b-d"]
    assert "b-d" not in {task.cell for task in tasks}


def test_tasks_that_would_wait_for_each_other_are_taken_apart() -> None:
    edges = [
        ("measure_x@a-d", "explain_x@a-d"),
        ("other@a-d", "explain_x@a-d"),
        ("measure_x@a-d", "other@a-d"),
    ]
    _, tasks = plan.tasks(nx.DiGraph(edges), CELLS)
    assert [task.stages for task in tasks] == [
        ("explain_x@a-d",), ("other@a-d",), ("measure_x@a-d",)
    ]  # fmt: skip

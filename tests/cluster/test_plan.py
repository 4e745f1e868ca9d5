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


def test_the_longest_chain_begins_first() -> None:
    _, tasks = plan.tasks(graph(), CELLS)
    names = [task.name for task in plan.longest_first(tasks, {"train@b-d": 90.0, "assess@a-d": 1})]
    assert names[0] == "train@b-d"
    for task in tasks:
        assert all(names.index(other) < names.index(task.name) for other in task.needs)
    unknown = [task.name for task in plan.longest_first(tasks, {})]
    assert unknown[0] == "train@a-d", "more tasks wait for it than for the others"


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


def test_a_stage_of_many_images_joins_blocks_that_are_tasks_of_their_own() -> None:
    blocks = {"explain_gradients@a-d": 2, "measure_gradients@a-d": 3}
    _, tasks = plan.tasks(graph(), CELLS, blocks=blocks)
    made = {task.name: task for task in tasks}
    assert "gradients@a-d" not in made and made["shapley@a-d"].stages == (
        "explain_shapley@a-d",
        "measure_shapley@a-d",
    )
    explain = [made[f"explain_gradients@a-d#{number}"] for number in (1, 2)]
    for number, task in enumerate(explain):
        assert (task.stages, task.block) == ((), ("explain_gradients@a-d", number))
        assert task.serves == ("explain_gradients@a-d",)
        assert (task.needs, task.takes) == (("train@a-d",), ("evaluate@a-d",))
    joined = made["explain_gradients@a-d"]
    assert (joined.stages, joined.serves, joined.block) == (
        ("explain_gradients@a-d",), ("explain_gradients@a-d",), None,
    )  # fmt: skip
    assert joined.needs == ("train@a-d", "explain_gradients@a-d#1", "explain_gradients@a-d#2")
    measure = [made[f"measure_gradients@a-d#{number}"] for number in (1, 2, 3)]
    assert all("explain_gradients@a-d" in task.needs for task in measure)
    assert set(made["measure_gradients@a-d"].needs) >= {task.name for task in measure}
    assert "measure_gradients@a-d" in made["shapley@a-d"].needs
    done: set[str] = set()
    for task in tasks:
        assert done >= set(task.needs), "each comes after those it needs"
        done.add(task.name)
    # What runs of all of it is the same.
    _, whole = plan.tasks(graph(), CELLS)
    assert sorted(s for t in tasks for s in t.stages) == sorted(s for t in whole for s in t.stages)

"""Whether methods come in a published order by a measure."""

from heatproof.storage import artifacts
from tests.claims.results import entry, evidence

CLAIM = "saco.attention_order"


def write(*means: float | None) -> None:
    claim = evidence().claims[CLAIM]
    for number, cell in enumerate(evidence().cells_of(claim)):
        by_method = {
            name: {"mean": None if mean is None else mean + 0.1 * number}
            for name, mean in zip(claim.methods, means, strict=True)
        }
        content = {"above_chance": True, "measures": {"saco": by_method}}
        artifacts.write_metrics("assess", cell, content)


def test_the_order_is_that_of_the_means_over_the_networks() -> None:
    write(0.18, 0.25, 0.38, 0.46)
    found = entry(CLAIM)
    assert found["verdict"] == "holds" and not found["sentence"]
    assert found["measured"]["text"] == (
        "0.28, 0.35, 0.48, 0.56, means of 3 networks: cct-mnist 0.18, 0.25, 0.38, 0.46; "
        "cct-fashion_mnist 0.28, 0.35, 0.48, 0.56; cct-cifar10 0.38, 0.45, 0.58, 0.66"
    )


def test_each_step_that_does_not_rise_is_named() -> None:
    write(0.3, 0.25, 0.38, 0.38)
    found = entry(CLAIM)
    assert found["verdict"] == "not tested at this budget"
    assert found["sentence"].startswith(
        "Here Attention × gradient is not above Raw attention, and Gradient rollout is not above "
        "Attention rollout."
    )


def test_what_it_rests_on_may_be_missing() -> None:
    write(0.18, None, 0.38, 0.46)
    found = entry(CLAIM)
    assert found["verdict"] == "not run" and "no saco of attention_gradient" in found["sentence"]
    claim = evidence().claims[CLAIM]
    artifacts.write_metrics("assess", evidence().cells_of(claim)[0], {"above_chance": False})
    assert "not above chance" in entry(CLAIM)["sentence"]

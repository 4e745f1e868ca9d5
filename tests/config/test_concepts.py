"""Concepts as params.yaml lists them: of a cell that there is, and of pictures that it reads."""

import pytest

from heatproof.config import params
from tests import overlay
from tests.config.changed_params import changed, refused, with_known_cells

CELL = "simple_cnn-mnist"
READS_NOTHING = "data/code/explain_concepts.txt"


def listed(
    concept: dict, reads: str = READS_NOTHING, name: str = CELL, concept_name: str = "mine"
) -> dict:
    entry = {"model": "simple_cnn", "dataset": "mnist", "reads": reads}
    return {name: entry | {"concepts": {concept_name: concept}}}


def test_a_cell_has_its_concepts(tmp_path):
    concept = {"class_name": "3", "decides": ["3"]}
    study = params.load(changed(tmp_path, "concepts", listed(concept)))
    assert study.concept_cell(CELL).concepts["mine"].decides == ["3"]
    other = {"class_name": "3", "dataset": "usps"}
    reads = "data/processed/usps.npz"
    study = params.load(changed(tmp_path, "concepts", listed(other, reads)))
    assert study.is_used("usps")


@pytest.mark.parametrize(
    ("concepts", "words"),
    [
        (listed({"planted": "stripes"}, name="simple_cnn-mnis"), ["no such cell; did you mean"]),
        (listed({"planted": "stripse"}), ["concepts.mine.planted", "'stripes'"]),
        (listed({}), ["one of images, class_name, planted", "none of them is here"]),
        (listed({"images": "a", "class_name": "3"}), ["images and class_name are here"]),
        (listed({"images": "a", "table": "t.csv"}, "../a"), ["table and attribute go together"]),
        (listed({"class_name": "3", "without": ["4"]}), ["without goes with planted"]),
        (listed({"planted": "dots", "dataset": "usps"}), ["dataset goes with class_name"]),
        (listed({"class_name": "3", "dataset": "usp"}), ["unknown; did you mean 'usps'"]),
        (listed({"class_name": "3", "dataset": "usps"}), ["expected data/processed/usps.npz"]),
        (listed({"planted": "dots"}, concept_name=""), ["the name ''", "a name is made of"]),
        (listed({"planted": "dots"}, concept_name="<b>"), ["the name '<b>'", "a name is made of"]),
        (listed({"images": "stripes"}), [f"reads = '{READS_NOTHING}'", "a folder of pictures"]),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, concepts, words):
    message = refused(tmp_path, "concepts", concepts)
    assert "params.yaml: concepts." in message and "\n" not in message.strip()
    for word in words:
        assert word in message


def test_masks_are_a_power_of_two(tmp_path):
    message = refused(tmp_path, "explain_concepts.factorisation", {"masks": 30})
    assert "explain_concepts.factorisation.masks = 30: masks should be a power of two" in message


def test_a_file_from_before_there_were_concepts_stays_valid(tmp_path):
    content = with_known_cells()
    for name in ("explain_concepts", "concepts"):
        del content[name]
    overlay.write(tmp_path / "params.yaml", content)
    study = params.load(tmp_path / "params.yaml")
    assert study.concepts == {} and study.explain_concepts.vectors == 10

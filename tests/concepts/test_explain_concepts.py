"""Concepts in a network that was built by hand: what decides is found, and what does not is not."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from heatproof.attribution.core import graph
from heatproof.attribution.core.network import Network
from heatproof.concepts import layers, unnamed
from heatproof.concepts.concept_maps import along, at_places, has_places, in_pixels
from heatproof.concepts.explain_concepts import explain_concepts, find
from heatproof.concepts.named import classes_of
from heatproof.concepts.options import ConceptCell, ConceptOptions, FactorisationOptions
from heatproof.concepts.pictures import of_concept
from heatproof.concepts.planting import planted
from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from tests import stored
from tests.attribution.attending import attending
from tests.concepts import hand_built
from tests.concepts.hand_built import CLASSES, LAYER
from tests.small_cell import write_cell, write_params

OPTIONS = ConceptOptions(
    pictures=40, counterparts=80, vectors=4, random_vectors=20, class_images=20, maps=2,
    factorisation=FactorisationOptions(classes=1, images=12, concepts=3, masks=8, explained=3),
)  # fmt: skip
SEED = 3


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(hand_built.network())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of pictures of upright and of level bars, and a table that says which are which."""
    place = tmp_path_factory.mktemp("concepts")
    rows = ["file,upright"]
    for kind in ("upright", "level"):
        (place / kind).mkdir()
        for number, image in enumerate(hand_built.images(kind, 40, 77)):
            Image.fromarray(image[..., 0]).save(place / kind / f"{number:02}.png")
            rows.append(f"{kind}/{number:02}.png,{'yes' if kind == 'upright' else 'no'}")
    (place / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    return place


def entry(reads: object, **concepts: dict) -> ConceptCell:
    cell = {"model": "m", "dataset": "d", "reads": str(reads), "concepts": concepts}
    return ConceptCell.model_validate(cell)


def test_what_decides_is_found_and_what_does_not_is_rejected(
    network: Network, folder: Path
) -> None:
    asked = entry(
        folder,
        upright={"images": "upright", "decides": ["upright"]},
        level={"images": "level", "decides": []},
        by_table={"images": ".", "table": "table.csv", "attribute": "upright"},
    )
    data = hand_built.dataset()
    found = find(network, asked, data, OPTIONS, SEED)
    concepts = found.metrics["concepts"]
    assert found.metrics["layers"] == [LAYER] and found.metrics["tests"] == 6
    assert concepts["upright"]["truth"]["right"] and concepts["level"]["truth"]["right"]
    assert concepts["upright"]["speaks"] == {
        "upright": {"for": [LAYER], "against": []},
        "plain": {"for": [], "against": [LAYER]},
    }
    # Level bars are told from others, and mean nothing.
    assert concepts["level"]["there"] == [LAYER] and concepts["level"]["speaks"] == {}
    assert concepts["by_table"]["speaks"] == concepts["upright"]["speaks"]
    scores = concepts["upright"]["layers"][LAYER]["classes"]
    assert scores["upright"]["score"] == 1 and scores["plain"]["score"] == 0
    # The logit is linear in the means: its derivative is the weights along each vector, whose mean
    # is shorter than they are, the less the more alike they are.
    vector = found.arrays["vector/0/0"].astype(np.float64)
    agreement = concepts["upright"]["layers"][LAYER]["agreement"]
    length = np.sqrt((1 + (OPTIONS.vectors - 1) * agreement) / OPTIONS.vectors)
    derivative = length * (hand_built.weights()[:, 0] @ vector)
    assert scores["upright"]["derivative"] == pytest.approx(derivative, rel=1e-3)
    assert np.linalg.norm(vector[:2]) > 0.8, "the upright edges' units point it"
    assert found.arrays["map/0/0"].shape == (2, 8, 8)
    shown = found.arrays["map_index/0/0"]
    np.testing.assert_array_equal(data.test_images[shown], found.arrays["map_image/0/0"])
    assert (data.test_labels[shown] == 0).all(), "those with most of it"


def test_the_parts_that_nobody_named(network: Network) -> None:
    data = hand_built.dataset()
    images = data.test_images[data.test_labels == 0][:12]
    assert unnamed.layer_of(network) == LAYER
    ground = np.array([30], np.uint8)
    wanted = OPTIONS.factorisation.model_copy(update={"masks": 128})
    found = unnamed.of_class(network, LAYER, images, 0, ground, wanted, SEED)
    assert found is not None and found.metrics["fitted_to"] == "crops"
    importance = np.array(found.metrics["importance"])
    assert (np.diff(importance) <= 0).all() and importance[0] > 0.3
    # The logit is a sum over the parts: of each its mean over the places times its own logit. So an
    # index is its square's share of theirs.
    amounts = found.arrays["maps"].mean(axis=(2, 3))
    squares = (amounts * (found.arrays["parts"] @ hand_built.weights()[:, 0])) ** 2
    expected = squares / squares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.arrays["importance"], expected, atol=0.02)
    assert found.arrays["maps"].shape == (3, 3, 8, 8) and found.metrics["crops"] == 9 * 12
    assert 0 <= found.metrics["error"] < 0.6 and found.metrics["image_error"] < 0.7
    assert found.metrics["clipped"] == 0
    blank = np.zeros((4, 8, 8, 1), np.uint8)
    assert unnamed.of_class(network, LAYER, blank, 0, np.zeros(1), wanted, SEED) is None


def test_crops_stay_where_they_are_in_small_images_and_fill_large_ones() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    crops = unnamed.cropped(image, 0.5, np.array([7], np.uint8))
    assert crops.shape == (9, 8, 8, 1)
    np.testing.assert_array_equal(crops[4][2:6, 2:6], image[0][2:6, 2:6])
    assert (crops[4][:2] == 7).all() and (crops[4][6:] == 7).all()
    large = np.zeros((1, 48, 48, 3), np.uint8)
    large[:, 24:, 24:] = 200
    assert (unnamed.cropped(large, 0.5, np.zeros(3, np.uint8))[8] == 200).all()


def test_sensitivities_are_the_weights_and_a_map_their_place(network: Network) -> None:
    images = (hand_built.images("upright", 3, 5) / 255).astype(np.float32)
    target = np.array([0, 1, 0])
    found = layers.sensitivities(network, images, target, [LAYER])[LAYER]
    np.testing.assert_allclose(found, hand_built.weights().T[target], atol=1e-5)
    each = layers.sensitivities(network, images, target, [LAYER], flattened=True)[LAYER]
    # A mean over 64 places: each place has a 64th of it.
    np.testing.assert_allclose(each.reshape(3, 64, -1).sum(axis=1), found, atol=1e-5)
    values = layers.places(network, images, LAYER)
    mean = layers.activations(network, images, [LAYER])[LAYER]
    np.testing.assert_allclose(mean, values.mean(axis=(1, 2)), atol=1e-6)
    vector = np.eye(hand_built.FILTERS)[0]
    np.testing.assert_allclose(
        along(values, vector, np.full(hand_built.FILTERS, 0.5)), values[..., 0] - 0.5, atol=1e-6
    )


def test_tokens_have_places_too_and_the_class_token_none() -> None:
    network = Network(attending(pooled=False))
    images = np.random.default_rng(1).random((2, 8, 8, 3), np.float32)
    assert has_places(network.model, "add_0") and not has_places(network.model, "logits")
    values = layers.places(network, images, "add_0")
    each = layers.activations(network, images, ["add_0"], flattened=True)["add_0"]
    vector = np.random.default_rng(2).normal(size=each.shape[1])
    maps = along(values, at_places(network.model, "add_0", vector), np.zeros(1))
    of_class_token = (each * vector)[:, :4].sum(axis=1)
    assert maps.shape == (2, 2, 2) and (np.abs(of_class_token) > 0.01).all()
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), each @ vector - of_class_token, rtol=1e-4)
    assert in_pixels(network.model, "add_0", maps).shape == (2, 8, 8)


def test_the_rest_of_a_network_starts_where_nothing_passes_by() -> None:
    image = keras.Input((8, 8, 1), name="image")
    first = keras.layers.Conv2D(2, 3, padding="same", name="first")(image)
    second = keras.layers.Conv2D(2, 3, padding="same", name="second")(first)
    both = keras.layers.Add(name="both")([first, second])
    logits = keras.layers.Dense(2, name="logits")(keras.layers.Flatten(name="flat")(both))
    model = keras.Model(image, logits)
    assert not unnamed.averages(Network(model), "both"), "each place has weights of its own"
    assert [graph.separates(model, name) for name in ("first", "second", "both", "flat")] == [
        True, False, True, True
    ]  # fmt: skip
    images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    outputs = graph.run(model, images, lambda _: None)
    for name in ("first", "both", "flat"):
        np.testing.assert_allclose(
            graph.from_layer(model, name, outputs[name]), outputs["logits"], atol=1e-6
        )


@pytest.mark.parametrize(
    ("concept", "words"),
    [
        ({"images": "none"}, ["there is no folder", "none"]),
        ({"class_name": "uprigth"}, ["class_name = 'uprigth'", "did you mean 'upright'"]),
        ({"planted": "dots", "decides": ["plane"]}, ["decides", "did you mean 'plain'"]),
        ({"images": ".."}, ["images = '..'", "is not below", "a folder of pictures below `reads`"]),
        ({"planted": "dots", "without": ["plane"]}, ["without", "did you mean 'plain'"]),
        ({"planted": "red"}, ["grey", "expected one of stripes, dots"]),
        ({"images": ".", "table": "nothing.csv", "attribute": "x"}, ["nothing.csv", "CSV"]),
        ({"images": ".", "table": "table.csv", "attribute": "uprigt"}, ["did you mean 'upright'"]),
    ],
)
def test_what_is_not_there_is_named(
    network: Network, folder: Path, concept: dict, words: list[str]
) -> None:
    with pytest.raises(UserError) as mistake:
        find(network, entry(folder, mine=concept), hand_built.dataset(), OPTIONS, SEED)
    message = str(mistake.value)
    for word in ("concepts.mine", *words):
        assert word in message
    assert "\n" not in message


def test_few_pictures_and_layers_that_are_not_there_are_refused(
    network: Network, tmp_path: Path
) -> None:
    (tmp_path / "few").mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "few" / "one.png")
    data = hand_built.dataset()
    with pytest.raises(UserError, match="1 picture, expected at least 10"):
        find(network, entry(tmp_path, mine={"images": "few"}), data, OPTIONS, SEED)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("not a picture")
    with pytest.raises(UserError, match="images = 'none': there is no picture in "):
        find(network, entry(tmp_path, mine={"images": "none"}), data, OPTIONS, SEED)
    rows = ["file,bright", *["few/one.png,1", "few/one.png,0"] * 10]
    (tmp_path / "table.csv").write_text("\n".join(rows))
    twice = {"images": ".", "table": "table.csv", "attribute": "bright"}
    with pytest.raises(UserError, match="1 picture, expected at least 10"):
        find(network, entry(tmp_path, mine=twice), data, OPTIONS, SEED)
    wanted = OPTIONS.model_copy(update={"layers": ["edge_relu"]})
    with pytest.raises(UserError, match=f"explain_concepts.layers: .*did you mean '{LAYER}'"):
        find(network, entry(tmp_path), data, wanted, SEED)


@pytest.mark.parametrize("kind", ["stripes", "dots", "checks", "bright"])
def test_planted_concepts_are_told_from_the_same_images_without(
    network: Network, kind: str
) -> None:
    few = OPTIONS.model_copy(update={"factorisation": FactorisationOptions(classes=0), "maps": 0})
    asked = entry("x", made={"planted": kind})
    found = find(network, asked, hand_built.dataset(), few, SEED)
    assert found.metrics["concepts"]["made"]["there"] == [LAYER]
    assert found.metrics["unnamed"] == {} and CLASSES[0] in found.arrays["class_names"]


@pytest.mark.parametrize(
    "concept",
    [
        {"planted": "bright", "decides": ["upright"]},
        {"planted": "bright", "without": ["upright"]},
        {"images": "level", "without": ["upright"]},
    ],
)
def test_classes_that_have_a_concept_are_not_among_its_counterparts(
    folder: Path, concept: dict
) -> None:
    data = hand_built.dataset()
    asked = entry(folder, mine=concept, other={"planted": "bright"})
    mine, other = (of_concept(name, asked, name, data, OPTIONS, SEED) for name in asked.concepts)
    plain = {each.tobytes() for each in data.train_images[data.train_labels == 1]}
    assert {each.tobytes() for each in mine.counterparts} <= plain
    assert not {each.tobytes() for each in other.counterparts} <= plain
    assert mine.pool != other.pool, "chance is fitted to its own counterparts"
    if "planted" in concept:  # nor are the pictures that it is put into: 0.3 + 0.7 of each
        seen = {np.rint(255 * (0.7 * (each / 255) + 0.3)).astype(np.uint8).tobytes()
                for each in data.train_images[data.train_labels == 1]}  # fmt: skip
        assert {each.tobytes() for each in mine.shown} <= seen


def test_a_planted_concept_that_decides_a_class_is_found_although_the_class_has_it() -> None:
    """Bright images are the first class: among the counterparts they would hide what is planted."""
    model = hand_built.network()
    kernel, bias = model.get_layer("edges").get_weights()
    kernel[:, :, 0, :2] = 1  # what counts for the class is brightness, in the edges' place
    model.get_layer("edges").set_weights([kernel, bias])
    data = hand_built.dataset(200)

    def bright(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        made = planted(images, "bright", np.random.default_rng(0))
        return np.where((labels == 0)[:, None, None, None], made, images)

    data = replace(
        data,
        train_images=bright(data.train_images[:], data.train_labels),
        test_images=bright(data.test_images[:], data.test_labels),
    )
    few = OPTIONS.model_copy(update={"factorisation": FactorisationOptions(classes=0), "maps": 0})
    asked = entry("x", known={"planted": "bright", "decides": ["upright"]},
                  unknown={"planted": "bright"})  # fmt: skip
    found = find(Network(model), asked, data, few, SEED).metrics["concepts"]
    assert found["known"]["truth"]["right"]
    assert found["known"]["speaks"]["upright"]["for"] == [LAYER]
    accuracy = [each["layers"][LAYER]["accuracy"] for each in found.values()]
    assert accuracy[0] == 1 and accuracy[1] < 0.8
    assert not found["unknown"]["speaks"], "which is what `decides` and `without` are for"


def test_classes_without_test_images_are_not_tested(network: Network) -> None:
    """The first class has none: the first that has some is taken, and `decides` may not name it."""
    whole = hand_built.dataset()
    rows = whole.test_labels == 1
    data = replace(whole, test_images=whole.test_images[rows], test_labels=whole.test_labels[rows])
    one = OPTIONS.model_copy(update={"classes": 1, "maps": 1})
    assert list(classes_of(data, one).index) == [1]
    found = find(network, entry("x", made={"planted": "bright"}), data, one, SEED)
    assert list(found.metrics["concepts"]["made"]["layers"][LAYER]["classes"]) == ["plain"]
    asked = entry("x", made={"planted": "bright", "decides": ["upright"]})
    with pytest.raises(UserError, match="decides: there is no test image of 'upright'"):
        find(network, asked, data, one, SEED)


def test_a_concept_of_too_few_pictures_is_not_called_missed(network: Network, folder: Path) -> None:
    """Ten pictures: six are held out, of whom all are right with a chance of 1 / 64, ×4 > 0.05."""
    few = OPTIONS.model_copy(update={
        "pictures": 10, "maps": 0, "factorisation": FactorisationOptions(classes=0),
    })  # fmt: skip
    concept = {"images": "upright", "decides": ["upright"]}
    for count, enough in ((3, True), (4, False)):
        asked = entry(folder, **{f"c{number}": concept for number in range(count)})
        found = find(network, asked, hand_built.dataset(), few, SEED).metrics["concepts"]
        for each in found.values():
            assert each["layers"][LAYER]["held_out"] == 6
            assert each["layers"][LAYER]["enough"] is enough
            assert each["truth"]["findable"] is enough


@pytest.mark.usefixtures("uncompiled")
def test_the_stage_writes_what_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_TRACKING", "off")
    cell = "simple_cnn-digits"
    concepts = {"bright": {"planted": "bright"}, "nine": {"class_name": "class 9"}}
    entry_of = {"model": "simple_cnn", "dataset": "digits", "reads": "x", "concepts": concepts}
    options = {"vectors": 2, "random_vectors": 5, "pictures": 10, "counterparts": 20, "classes": 2,
               "factorisation": {"classes": 1, "masks": 4, "concepts": 2}}  # fmt: skip
    write_params(cell, explain_concepts=options, concepts={cell: entry_of})
    write_cell(cell, 16, 1, mistaken=lambda predicted: np.zeros(len(predicted), bool))
    data = artifacts.read_dataset("digits")
    stored.write("digits", replace(data, train_images=data.test_images[:],
                                   train_labels=np.arange(40) // 4 % 2 * 9))  # fmt: skip
    files = paths.explanations(cell, "concepts"), paths.metrics("explain_concepts", cell)
    written = []
    for _ in range(2):
        explain_concepts(params.load(), cell)
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]
    assert f"{cell}: 2 concepts, " in capsys.readouterr().out
    metrics = artifacts.read_metrics("explain_concepts", cell)
    assert list(metrics["concepts"]) == ["bright", "nine"]
    # Two units of the tiny network: no direction stands out among random ones.
    layers_of = [each for c in metrics["concepts"].values() for each in c["layers"].values()]
    assert {each["units"] for each in layers_of} == {2}
    assert not any(each["testable"] for each in layers_of)
    with pytest.raises(UserError, match="no cell 'simple_cnn-x'"):
        explain_concepts(params.load(), "simple_cnn-x")

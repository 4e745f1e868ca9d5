"""The live page's engine, in a browser, beside the pipeline: logits, feature maps, heat maps."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from selenium.webdriver import Chrome

from heatproof.attribution import registry
from heatproof.attribution.core import graph
from heatproof.playground import methods, precision
from heatproof.playground.data_file import script
from heatproof.playground.operations import operations
from heatproof.report.rendering import asset
from heatproof.report.site import ENGINE
from tests.playground.networks import DESIGNS, GRAY, IMAGES, context, pixels, recorded, small

pytestmark = pytest.mark.browser

TOLERANCE = 1e-3  # of logits; of a map as a share of its largest value
SLOW = ("occlusion", "integrated_gradients_black", "integrated_gradients_mean")
FAST = tuple(name for name in methods.NAMES if name not in SLOW)
# What finishes each image before the next, as a page does.
ASK = """
const [images, targets, methods, layers, done] = arguments;
(async () => {
  const results = { logits: [], maps: {}, activations: [], ticks: 0 };
  for (const [i, image] of images.entries()) {
    const given = Float32Array.from(image);
    const { logits, activations } = await network.run(given, { layers });
    results.logits.push([...logits]);
    const values = Object.entries(activations).map(([name, { data }]) => [name, [...data]]);
    results.activations.push(Object.fromEntries(values));
    for (const name of methods) {
      const tick = () => { results.ticks++; };
      const { data } = await network.explain(name, given, targets[i], { tick });
      (results.maps[name] ??= []).push([...data]);
    }
  }
  done(results);
})().catch((error) => done(String(error.stack)));
"""


@pytest.fixture(scope="module")
def page(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Open a page that has nothing but the engine, and a folder of data files beside it."""
    folder = tmp_path_factory.mktemp("live page")
    (folder / "playground").mkdir()
    for name in DESIGNS:
        (folder / f"playground/{name}.js").write_text(script(recorded(name)), encoding="utf-8")
    engine = "".join(map(asset, ENGINE))
    digest = base64.b64encode(hashlib.sha256(engine.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}' 'strict-dynamic'; worker-src blob:"
    (folder / "page.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>engine</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><script>{engine}</script>',
        encoding="utf-8",
    )
    browser.set_script_timeout(300)
    browser.get((folder / "page.html").as_uri())
    yield browser


def opened(page: Chrome, name: str) -> dict[str, Any]:
    """Open a network's data file as `network`, and return what is said of it."""
    return page.execute_async_script(
        """
        const [name, done] = arguments;
        playground.load(`playground/${name}.js`).then(playground.open).then((opened) => {
          window.network?.close();
          window.network = opened;
          done(JSON.parse(JSON.stringify(opened)));
        }).catch((error) => done(String(error.stack)));
        """,
        name,
    )


def asked(
    page: Chrome, images: np.ndarray, targets: np.ndarray, named: tuple[str, ...], *layers: str
) -> dict[str, Any]:
    """Run images through the open network, and explain them."""
    flat = images.reshape(len(images), -1).tolist()
    results = page.execute_async_script(ASK, flat, targets.tolist(), named, layers)
    assert isinstance(results, dict), results
    return results


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of maps (n, ...), each as a share of its largest value."""
    axes = tuple(range(1, one.ndim))
    largest = np.maximum(np.abs(other).max(axis=axes), np.finfo(np.float32).tiny)
    return float((np.abs(one - other).max(axis=axes) / largest).max())


def pipeline(name: str, method: str, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    record = registry.methods()[method]
    explain = record.with_options(record.options(), context(name))
    return explain(small(name), images, targets).maps


@pytest.mark.parametrize("name", DESIGNS)
def test_logits_and_maps_are_the_pipelines(page: Chrome, name: str) -> None:
    said = opened(page, name)
    network, images = small(name), pixels(DESIGNS[name][0]).astype(np.float32) / 255
    assert said["input"] == list(DESIGNS[name][0]) and said["precision"]["stored"] == "float32"
    served = tuple(each["name"] for each in said["methods"] if each["name"] in FAST)
    assert {"gradcam", "saliency"} <= {*served}
    logits = network.logits(images)
    targets = logits.argmax(axis=1)
    found = asked(page, images, targets, served)
    assert len(found["logits"]) == IMAGES
    assert np.abs(np.array(found["logits"]) - logits).max() < TOLERANCE
    shown = set()
    for method in served:
        maps = pipeline(name, method, images, targets)
        shown |= {method} if maps.any() else set()
        assert apart(np.array(found["maps"][method]).reshape(maps.shape), maps) < TOLERANCE, method
    # Other class activation maps are nothing where all of them is below zero.
    assert {"saliency", "layercam"} <= shown


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenet_v2"])
def test_methods_of_many_passes_are_the_pipelines_and_say_how_far_they_are(
    page: Chrome, name: str
) -> None:
    opened(page, name)
    images = pixels(DESIGNS[name][0], 2).astype(np.float32) / 255
    targets = np.array([0, 2])
    found = asked(page, images, targets, SLOW)
    assert found["ticks"] > len(images) * len(SLOW)
    for method in SLOW:
        maps = pipeline(name, method, images, targets)
        assert apart(np.array(found["maps"][method]).reshape(maps.shape), maps) < TOLERANCE, method


def test_feature_maps_are_the_networks(page: Chrome) -> None:
    name = "efficient_cnn"
    said = opened(page, name)
    shown = [layer["name"] for layer in said["layers"] if layer["maps"]]
    assert shown[0] == "branches_relu" and len(shown) > 2
    images = pixels(DESIGNS[name][0], 2).astype(np.float32) / 255
    found = asked(page, images, np.zeros(2, np.int64), (), *shown)
    outputs = graph.run(small(name).model, images, lambda _: None)
    for layer in shown:
        expected = np.asarray(outputs[layer])
        values = np.array([each[layer] for each in found["activations"]]).reshape(expected.shape)
        np.testing.assert_allclose(values, expected, atol=1e-4)


@pytest.mark.parametrize("stored", precision.STORED)
def test_weights_of_fewer_bits_are_read_as_they_were_rounded(
    page: Chrome, stored: precision.Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's network is the rounded one, to the last bits."""
    name, network = "cct", small("cct")
    monkeypatch.setattr("heatproof.playground.export._finest", lambda arrays: stored)
    monkeypatch.setattr("heatproof.playground.export.MOST_CHANGED", 1.0)
    record = recorded(name)
    images = pixels(GRAY, 5).astype(np.float32) / 255
    other = precision.rounded_network(network, operations(network.model), stored)
    logits = page.execute_async_script(
        """
        const [record, images, done] = arguments;
        playground.open(record).then(async (network) => {
          const logits = await network.logits(images.map((image) => Float32Array.from(image)));
          network.close();
          done(logits.map((each) => [...each]));
        }).catch((error) => done(String(error.stack)));
        """,
        json.loads(json.dumps(record)),
        images.reshape(5, -1).tolist(),
    )
    assert np.abs(np.array(logits) - other.logits(images)).max() < 1e-5
    moved = np.abs(network.logits(images) - other.logits(images)).max()
    assert (moved > 0) == (stored != "float32")


def test_the_page_serves_where_there_can_be_no_worker(page: Chrome) -> None:
    opened(page, "simple_cnn")
    image = pixels(GRAY, 1).astype(np.float32) / 255
    in_worker = asked(page, image, np.array([1]), ("gradcam",))
    page.execute_script("window.Kept = Worker; Worker = undefined")
    try:
        opened(page, "simple_cnn")
        here = asked(page, image, np.array([1]), ("gradcam",))
    finally:
        page.execute_script("Worker = Kept")
    assert here == in_worker


def test_what_is_stopped_ends_at_once_and_the_next_is_served(page: Chrome) -> None:
    opened(page, "resnet18")
    image = pixels(DESIGNS["resnet18"][0], 1)[0].astype(np.float32) / 255
    result = page.execute_async_script(
        """
        const [image, done] = arguments;
        const given = Float32Array.from(image);
        const stop = new AbortController();
        let ticks = 0;
        const tick = () => { if (++ticks === 3) stop.abort(); };
        network.explain("integrated_gradients_black", given, 0, { tick, signal: stop.signal })
          .then(() => "ended", (error) => error.name)
          .then(async (end) => done([end, ticks, (await network.run(given)).logits.length]));
        """,
        image.ravel().tolist(),
    )
    end, ticks, classes = result
    assert end == "AbortError" and classes == len(small("resnet18").logits(image[None])[0])
    assert ticks < 50


def test_a_missing_file_and_a_method_that_is_not_there_are_said(page: Chrome) -> None:
    assert "playground/none.js could not be loaded" in str(opened(page, "none"))
    opened(page, "simple_cnn")
    said = page.execute_async_script(
        "const [done] = arguments; network.explain('none', new Float32Array(144), 0)"
        ".then(done, (error) => done(error.message))"
    )
    assert "none" in said

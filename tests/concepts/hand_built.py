"""A small network of which it is known what decides, and pictures that are known as well.

It looks for upright edges and counts them for its first class and against the second. Level edges
it sees as well, and does nothing with them.
"""

import keras
import numpy as np

from heatproof.storage.records import Dataset

SIDE, FILTERS = 8, 48
CLASSES = ("upright", "plain")
LAYER = "edges_relu"


def network() -> keras.Model:
    """Return the network: units 0 and 1 see upright edges, 2 and 3 level ones, the others noise."""
    image = keras.Input((SIDE, SIDE, 1), name="image")
    x = keras.layers.Conv2D(FILTERS, 3, padding="same", name="edges")(image)
    x = keras.layers.ReLU(name=LAYER)(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(image, keras.layers.Dense(2, name="logits")(x), name="hand_built")
    random = np.random.default_rng(0)
    kernel = 0.3 * random.normal(size=(3, 3, 1, FILTERS))
    edge = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    for unit, each in enumerate((edge, -edge, edge.T, -edge.T)):
        kernel[:, :, 0, unit] = each
    model.get_layer("edges").set_weights([kernel, np.zeros(FILTERS)])
    model.get_layer("logits").set_weights([weights(), np.zeros(2)])
    return model


def weights() -> np.ndarray:
    """What the logits do with the units, (units, classes): the noise ones next to nothing."""
    both = 0.01 * np.random.default_rng(1).normal(size=(FILTERS, 2))
    both[:2] = [4.0, -4.0]
    both[2:4] = 0
    return both


def images(kind: str, count: int, seed: int) -> np.ndarray:
    """Noise, with an upright or a level bar at a random place, or without: uint8 (n, 8, 8, 1)."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 60, (count, SIDE, SIDE, 1))
    for image in made:
        place = slice(*(random.integers(1, SIDE - 2) + np.array([0, 2])))
        if kind == "upright":
            image[:, place] += 150
        elif kind == "level":
            image[place] += 150
    return made.astype(np.uint8)


def dataset(count: int = 60) -> Dataset:
    """Half of each class; half of each has a level bar, which so says nothing about the class."""
    parts = []
    for seed in (0, 10):
        upright, plain, level = (
            images(kind, count, seed + n) for n, kind in enumerate(("upright", "plain", "level"))
        )
        bars = np.arange(count) % 2 == 0
        upright[bars] = np.maximum(upright[bars], level[bars])
        plain[bars] = level[bars]
        shuffled = np.random.default_rng(seed).permutation(2 * count)
        labels = np.repeat([0, 1], count)[shuffled]
        parts += [np.concatenate([upright, plain])[shuffled], labels.astype(np.int64)]
    return Dataset(*parts, CLASSES)

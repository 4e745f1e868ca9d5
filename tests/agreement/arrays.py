"""What both sides of an agreement are given: arrays from seeds. Needs NumPy alone."""

import numpy as np

EPSILON = 1e-9
SIDE = 14  # tokens a side, which InterpretDL takes for granted; before them a class token


def attention(heads: int, layers: int = 3) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return attention weights and gradients at them, float64 (1, heads, t, t) of each layer."""
    random = np.random.default_rng(2021)
    shape = (1, heads, SIDE**2 + 1, SIDE**2 + 1)
    scores = [2 * random.normal(size=shape) for _ in range(layers)]
    weights = [np.exp(each) / np.exp(each).sum(axis=-1, keepdims=True) for each in scores]
    return weights, [random.normal(size=shape) for _ in range(layers)]


def attention_layer() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return four tokens of three values, and the weights of two heads that attend to them."""
    random = np.random.default_rng(4)
    shapes = {"query": (3, 2, 3), "key": (3, 2, 3), "value": (3, 2, 2), "output": (2, 2, 3)}
    weights = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return random.normal(size=(4, 3)), weights | {"logits": random.normal(size=(3, 1))}


def dense() -> dict[str, np.ndarray]:
    """Return tokens, a kernel, and the relevance of what the layer gives."""
    random = np.random.default_rng(5)
    x, kernel = random.normal(size=(2, 3, 4)), random.normal(size=(4, 4))
    return {"x": x, "kernel": kernel, "relevance": random.normal(size=(2, 3, 4))}


def product() -> dict[str, np.ndarray]:
    """Return attention weights, values, and the relevance of their products."""
    random = np.random.default_rng(6)
    scores = random.normal(size=(1, 2, 3, 3))
    return {
        "shares": np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True),
        "values": random.normal(size=(1, 2, 3, 2)),
        "relevance": random.normal(size=(1, 2, 3, 2)),
    }


def added() -> dict[str, np.ndarray]:
    """Return two branches of one image, and the relevance of their sum.

    Of one image: Chefer et al.'s program takes totals over all images of a batch.
    """
    random = np.random.default_rng(7)
    return {name: random.normal(size=(1, 3, 4)) for name in ("one", "other", "relevance")}


def concept_network() -> dict[str, np.ndarray]:
    """Return the weights of two layers, images of five values, and a concept's vector.

    Between the layers is tanh, and its square is what the second reads, so that the gradient at
    tanh's values varies between images.
    """
    random = np.random.default_rng(8)
    vector = random.normal(size=6)
    return {
        "hidden": random.normal(size=(5, 6)),
        "logits": random.normal(size=(6, 3)),
        "images": random.normal(size=(40, 5)),
        "vector": vector / np.linalg.norm(vector),
    }

"""Figures of other people's implementations, for the tests beside to compare with.

    .venv-peers/bin/python -m tests.agreement.peers > tests/agreement/figures.json

Each implementation runs here, on PyTorch, on arrays that both sides make from the same seeds
(`arrays`); what it gives is kept in figures.json with its version, so that the tests need none of
them. Beside bench/requirements-peers.txt this takes lxt 2.1 and InterpretDL 0.8.0 (`pip install
--no-deps lxt==2.1 interpretdl==0.8.0`, and what they import: opencv-python-headless, ipython<8,
tqdm), and a checkout of Chefer et al.'s program, whose folder the environment variable CHEFER
names, and CHEFER_REVISION its commit
(https://github.com/hila-chefer/Transformer-Explainability).
"""

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.agreement import arrays


def attention_rollout() -> dict[str, Any]:
    """InterpretDL's rollout, which is for 14 × 14 tokens and a class token."""
    import interpretdl

    weights = arrays.attention(heads=2)[0]
    return _interpreted(interpretdl.RolloutInterpreter, lambda *_: (weights, None, None))


def generic_attention() -> dict[str, Any]:
    """InterpretDL's generic attention.

    Of one head: it takes the mean of heads before the product with the gradient, and the positive
    part after both, where the paper's equation 5 has the mean last.
    """
    import interpretdl

    weights, gradients = arrays.attention(heads=1)
    given = (weights, gradients, None, None, None, None, np.array([0]))
    interpreter = interpretdl.GACVInterpreter
    return _interpreted(interpreter, lambda *_, **__: given, start_layer=0)


def _interpreted(interpreter: Any, predict: Any, **options: Any) -> dict[str, Any]:
    # No network: the interpreter's own part begins with the weights that `predict` gives.
    made = interpreter.__new__(interpreter)
    made.model, made.predict_fn, made._build_predict_fn = SimpleNamespace(), predict, _nothing
    image = np.zeros((1, 224, 224, 3), np.uint8)
    found = np.asarray(made.interpret(image, visual=False, **options)).ravel()
    return {"first": found[:5].tolist(), "last": float(found[-1]), "sum": float(found.sum())}


def _nothing(*_: Any, **__: Any) -> None:
    pass


def attention_lrp() -> dict[str, Any]:
    """AttnLRP of one layer of attention, by lxt's explicit rules."""
    import torch
    from lxt.explicit import functional

    x, weights = (_tensors(each) for each in arrays.attention_layer())
    x.requires_grad_(True)
    # The scores' scale is in the queries' weights: what multiplies by a constant passes relevance.
    query = weights["query"] / np.sqrt(weights["query"].shape[-1])

    def heads(kernel: Any) -> Any:  # (c, h, d): (h, t, d) of each token
        flat = kernel.reshape(len(kernel), -1).T
        made = functional.linear_epsilon(x, flat, None, arrays.EPSILON)
        return made.reshape(len(x), *kernel.shape[1:]).transpose(0, 1)

    queries, keys, values = heads(query), heads(weights["key"]), heads(weights["value"])
    scores = functional.matmul(queries, keys.transpose(1, 2), False, arrays.EPSILON)
    shares = functional.softmax(scores, -1)
    attended = functional.matmul(shares, values, False, arrays.EPSILON)
    output = weights["output"].reshape(-1, weights["output"].shape[-1])
    slope = (output @ weights["logits"][:, 0]).repeat(len(x)) / len(x)
    flat = attended.transpose(0, 1).reshape(1, -1)
    logit = functional.linear_epsilon(flat, slope[None], None, arrays.EPSILON)
    (relevance,) = torch.autograd.grad(logit, x, logit.detach())
    return {"tokens": relevance.sum(dim=-1).tolist()}


def transformer_relevance() -> dict[str, Any]:
    """The rules of relevance of Chefer et al.'s own program: Dense, products, residual sums."""
    layers_ours = _chefer()
    found = {}
    dense = arrays.dense()
    layer = layers_ours.Linear(*dense["kernel"].shape, bias=False, dtype=_tensors(0.0).dtype)
    layer.weight.data = _tensors(dense["kernel"].T)
    layer(_tensors(dense["x"]))
    found["dense"] = layer.relprop(_tensors(dense["relevance"]), 1.0).tolist()
    product = arrays.product()
    layer = layers_ours.einsum("bhqk,bhkd->bhqd")
    # Its hook keeps the first operand alone unless both come as one.
    layer._forward_hooks.clear()
    operands = [_tensors(product[name]).requires_grad_(True) for name in ("shares", "values")]
    total = layer(*operands)
    shared = layers_ours.safe_divide(_tensors(product["relevance"]), total)
    parts = layer.gradprop(total, operands, shared)
    # As ViT_LRP.py halves what `relprop` gives of each product.
    found["product"] = [
        (operand * part / 2).tolist() for operand, part in zip(operands, parts, strict=True)
    ]
    added = arrays.added()
    layer = layers_ours.Add()
    layer([_tensors(added["one"]), _tensors(added["other"])])
    found["added"] = [part.tolist() for part in layer.relprop(_tensors(added["relevance"]), 1.0)]
    return found


def _chefer() -> Any:
    path = Path(os.environ["CHEFER"], "modules/layers_ours.py")
    spec = importlib.util.spec_from_file_location("layers_ours", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tcav() -> dict[str, Any]:
    """Captum's TCAV: the share of images whose logit rises along a vector that it is given."""
    import torch
    from captum.concept import TCAV, Classifier, Concept

    made = arrays.concept_network()

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = torch.nn.Linear(*made["hidden"].shape, bias=False, dtype=torch.float64)
            self.activated = torch.nn.Tanh()
            self.logits = torch.nn.Linear(*made["logits"].shape, bias=False, dtype=torch.float64)
            self.hidden.weight.data = _tensors(made["hidden"].T)
            self.logits.weight.data = _tensors(made["logits"].T)

        def forward(self, x: Any) -> Any:
            return self.logits(self.activated(self.hidden(x)) ** 2)

    class Given(Classifier):
        def __init__(self) -> None:
            pass

        def train_and_eval(self, dataloader: Any, **_: Any) -> dict[str, float]:
            return {"accs": 1.0}

        def weights(self) -> Any:
            return _tensors(np.stack([made["vector"], -made["vector"]]))

        def classes(self) -> list[int]:
            return [0, 1]

    def concept(number: int, pictures: np.ndarray) -> Any:
        return Concept(number, f"concept {number}", torch.utils.data.DataLoader(_tensors(pictures)))

    with tempfile.TemporaryDirectory() as folder:
        found = TCAV(
            Network(), ["activated"], classifier=Given(), save_path=folder, model_id="agreement"
        ).interpret(
            _tensors(made["images"]),
            [[concept(0, made["images"][:4]), concept(1, made["images"][4:8])]],
            target=1,
        )
    (scores,) = found.values()
    return {name: values.tolist() for name, values in scores["activated"].items()}


def _tensors(values: Any) -> Any:
    import torch

    if isinstance(values, dict):
        return {name: _tensors(each) for name, each in values.items()}
    return torch.tensor(values, dtype=torch.float64)


SOURCES = {
    attention_rollout: ("InterpretDL", "interpretdl"),
    generic_attention: ("InterpretDL", "interpretdl"),
    attention_lrp: ("lxt (LRP eXplains Transformers)", "lxt"),
    transformer_relevance: ("Chefer et al.’s own program", None),
    tcav: ("Captum", "captum"),
}


def main() -> None:
    """Print what each implementation gives, as JSON."""
    found = {}
    for function, (name, package) in SOURCES.items():
        with contextlib.redirect_stdout(io.StringIO()):  # InterpretDL prints when it is imported
            figures = function()
        version = importlib.metadata.version(package) if package else os.environ["CHEFER_REVISION"]
        found[function.__name__] = {"by": name, "version": version, "figures": figures}
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

"""Strategies that change the real params.yaml anywhere, in any way a person or an editor may."""

import copy
import datetime
import io
import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st
from ruamel.yaml import YAML

from heatproof.config import params
from heatproof.datasets.options import Augmentation
from heatproof.training.presets import filled_in
from tests.scratch import shrunken_params

# Of every architecture one, so that every block of the real file is there, and none is there twice.
CELLS = ("simple_cnn-digits", "baseline_cnn-digits", "mobilenet_v2-digits")
BUDGETS = get_args(params.Budget)
SMALL = {
    "mnist_cnn": {"blocks": [[2, 2], [3]], "dense": 4},
    "mobilenet_v2": {"stem": 4, "blocks": [[4, 1, 1], [4, 2, 2]], "head": 8, "dense": 4},
    "efficient_cnn": {"branch_filters": 2, "blocks": [3, 4], "dense": 4},
    "resnet18": {"stem": 2, "widths": [2, 3], "blocks_per_width": 1},
}
WORDS = (
    "", " ", "all", "adam", "cpu", "paper", "best", "1e-3", "3", "NaN", "null", "yes", "None",
    "../..", "/", "a b", "a.b", "a-b", "a/b", "a\nb", "a\0b", "\x1b[31m", "<b>&\"'", "ünïcode",
    "数字", "🙂", "resnet18", "digits", "simple_cnn-digits", "__init__", "layers", "self",
    "model_fields", "x" * 300,
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 3, 5, 7, 8, 11, 64, 256, 10_000, 2**31, 2**32 - 1, 2**32, 2**63, 10**30, 10**400,
    0.0, -0.0, 1e-320, 1e-30, 1e-6, 0.1, 0.5, 0.999999999, 1.0, 1.5, 10.0, 1e30, 1e308,
    math.nan, math.inf, -math.inf,
)  # fmt: skip
DATES = (datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 12))

scalars = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.sampled_from((None, True, False, b"\xff", {1, 2}, *DATES)),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
)
keys = st.one_of(st.sampled_from(WORDS), st.text(max_size=8), st.sampled_from((None, 1, 0.5, True)))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def small_params() -> dict[str, Any]:
    """Return the real params.yaml with a tiny network of every architecture on the digits."""
    return copy.deepcopy(_small_params())


@cache
def _small_params() -> dict[str, Any]:
    content = shrunken_params(*CELLS)
    real = shrunken_params("mnist_cnn-mnist", "efficient_cnn-mnist", "resnet18-mnist")
    training, schedules = content["training"], content["models"]["simple_cnn"]["schedules"]
    schedule = {"augment": False} | schedules["cpu"]["digits"]
    content["models"] |= real["models"]
    for name, model in content["models"].items():
        model["network"] |= SMALL.get(name, {})
        model["schedules"] = {budget: {"digits": dict(schedule)} for budget in BUDGETS}
        differing = {"label_smoothing": 0.1, "weight_decay": 0.01}
        model["schedules"]["cpu"]["digits"]["training"] = differing
        # All that there is: a key that is not there cannot be changed.
        model["training"] = dict(training)
        content["cells"][f"{name}-digits"] = {"model": name, "dataset": "digits"}
    augmentation = filled_in(Augmentation(shift_pixels=1), 16, 16)
    content["datasets"]["digits"]["augmentation"] = augmentation.model_dump()
    content["runs"] = copy.deepcopy(content["cells"])
    for place, name, seed, labels in (
        ("compared", "simple_cnn", 43, "true"),
        ("shuffled", "baseline_cnn", 44, "shuffled"),
    ):
        run = f"{name}-digits-{'seed' if labels == 'true' else labels}{seed}"
        entry = {"model": name, "dataset": "digits"}
        content["runs"][run] = entry | {"seed": seed, "labels": labels}
        content[place] = {f"{name}-digits": entry | {"run": run}}
    for place in ("published", "corrupted"):
        content[place] = {"simple_cnn-digits": {"model": "simple_cnn", "dataset": "digits"}}
    return content


def places(content: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in nested mappings and lists."""
    inside = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in inside:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def at(content: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for key in path:
        content = content[key]
    return content


@st.composite
def changed(draw: st.DrawFn) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """Draw parameters with one to three changes anywhere, and the paths of the changes."""
    content = small_params()
    paths = []
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        path = draw(st.sampled_from(list(places(content))))
        *above, last = path
        holder, value = at(content, tuple(above)), at(content, path)
        how = draw(st.sampled_from(("value", "value", "near", "near", "remove", "add", "rename",
                                    "elsewhere")))  # fmt: skip
        if how == "remove":
            del holder[last]
        elif how == "rename" and isinstance(holder, dict):
            name = draw(keys)
            holder[name] = holder.pop(last)
            path = (*above, name)
        elif how == "add" and isinstance(holder, dict):
            name = draw(keys)
            holder[name] = draw(values)
            path = (*above, name)
        elif how == "elsewhere":
            other = draw(st.sampled_from(list(places(content))))
            holder[last] = copy.deepcopy(at(content, other))
        elif how == "near":
            holder[last] = draw(near(value))
        else:
            holder[last] = draw(values)
        paths.append(path)
        if not content:
            break
    return content, paths


def near(value: Any) -> st.SearchStrategy[Any]:
    """Draw what could as well stand in a value's place: of its kind, and often just valid."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int) and abs(value) > 2**1000:  # more than a float can hold
        return st.sampled_from(NUMBERS)
    if isinstance(value, int | float):
        return st.sampled_from(
            (value + 1, value - 1, value * 2, value / 2, -value, float(value), str(value), *NUMBERS)
        )
    if isinstance(value, str):
        return st.sampled_from((f"{value}x", value[1:], value.upper(), *WORDS))
    if isinstance(value, list):
        return st.sampled_from(([], value * 2, value[:1], [value], value * 20, [None, *value]))
    return st.just({}) | st.just([value])


@st.composite
def trainable(
    draw: st.DrawFn, valid: Callable[[dict[str, Any]], bool]
) -> tuple[dict[str, Any], str]:
    """Draw valid parameters changed where training depends on them, and the cell they are of."""
    content = small_params()
    cell = draw(st.sampled_from(sorted(content["cells"])))
    model, dataset = content["models"][cell.split("-")[0]], content["datasets"]["digits"]
    schedule = model["schedules"]["cpu"]["digits"]
    blocks = (
        model["network"], model["training"], schedule, schedule["training"],
        dataset["normalisation"], dataset["augmentation"],
    )  # fmt: skip
    schedule["augment"] = draw(st.booleans())
    content["seed"] = draw(st.sampled_from((0, 42, 2**31 - 1)))
    for _ in range(draw(st.integers(2, 6))):
        block = draw(st.sampled_from(blocks))
        key = draw(st.sampled_from(sorted(block)))
        before, after = block[key], draw(near(block[key]) | st.sampled_from(CHOICES.get(key, (1,))))
        block[key] = after
        # Of one image and few channels oneDNN writes beyond its memory (see tests/conftest.py).
        alone = 1 in (schedule["batch_size"], schedule["train_images"])
        if alone or not valid(content) or _size(model["network"]) > 100:
            block[key] = before
    return content, cell


CHOICES = {
    "optimizer": ("adam", "sgd"),
    "balance": ("none", "class_weights", "sampling"),
    "preset": ("digits", "objects", "none"),
    "decay": ("constant", "cosine", "one_cycle", "reduce_on_plateau"),
    "train_images": ("all", 2, 3),
}


def _size(network: Any) -> int:
    """Return the largest number in a network's parameters: what makes it slow to build."""
    if isinstance(network, dict | list):
        inside = network.values() if isinstance(network, dict) else network
        return max(map(_size, inside), default=0)
    return 0 if isinstance(network, str) else int(network)


def as_yaml(content: Any) -> str:
    """Write parameters as YAML text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


# What people, editors and converters leave in a YAML file.
ODD_VALUES = (
    "1e-3", "1E400", "-.inf", ".nan", "0x10", "0o17", "1_000", "+1", "1:30", "yes", "~", "''",
    "!!str 3",
    "2020-01-01", "2020-13-45", "2020-01-01T99:00:00Z", "!!binary /w==", "!!binary %", "!!int x",
    "!!float x", "!!timestamp x", "!!bool maybe", "!!set {a, b}", "!!omap [a: 1]", "!unknown 1",
    "!!python/object/apply:os.mkdir [planted]", "!!python/name:os.system", "&a [*a]", "*nowhere",
    "&a {<<: *a}", "{<<: 1}", "{<<: [1]}", "{? [a] : 1}", "{? {a: 1} : 1}", "9" * 5000,
    "[" * 3000, "[" * 400 + "]" * 400, "'unclosed", "|\n  text", ">-\n  text", "@at", "`tick",
    "%percent", '"\\ud800"', '"\\x00"', '"\\q"', "a: b", "- a", "# only a comment", "\t",
    "\x07", "\ufeff",
    "&l [&m [1, 1, 1], *m, *m, *m, *m, *m, *m]",
)  # fmt: skip


MISTYPINGS = ("value", "value", "value", "double", "drop", "indent", "outdent", "tab", "colon",
              "move", "insert")  # fmt: skip


@st.composite
def mistyped(draw: st.DrawFn, text: str) -> bytes:
    """Draw the file as an editor may leave it: lines altered, doubled, moved, bytes damaged."""
    lines = text.splitlines()
    for _ in range(draw(st.sampled_from((1, 1, 2, 4)))):
        index = draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        how = draw(st.sampled_from(MISTYPINGS))
        if how == "value":
            lines[index] = f"{line.partition(':')[0]}: {draw(st.sampled_from(ODD_VALUES))}"
        elif how == "double":
            lines.insert(index, line)
        elif how == "drop" and len(lines) > 1:
            del lines[index]
        elif how == "indent":
            lines[index] = f" {line}"
        elif how == "outdent":
            lines[index] = line[1:]
        elif how == "tab":
            lines[index] = f"\t{line}"
        elif how == "colon":
            lines[index] = line.replace(":", draw(st.sampled_from(("", "=", "::", " :"))), 1)
        elif how == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(index))
        else:
            lines.insert(index, draw(st.text(max_size=8)))
    content = (
        draw(st.sampled_from(("\n", "\r\n", "\n"))).join(lines).encode("utf-8", "surrogatepass")
    )
    damage = draw(st.sampled_from(("none", "none", "cut", "flip", "utf-16", "bom")))
    if damage == "cut":
        return content[: draw(st.integers(0, len(content)))]
    if damage == "flip":
        place = draw(st.integers(0, len(content) - 1))
        bit = 1 << draw(st.integers(0, 7))
        return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
    if damage == "utf-16":
        return content.decode("utf-8", "replace").encode("utf-16")
    return b"\xef\xbb\xbf" + content if damage == "bom" else content

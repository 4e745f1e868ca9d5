"""What the worker is asked for: a network described, and a picture explained by it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from heatproof.app.open_cells import OpenCells
from heatproof.app.watched import Stopped, Tell, Watched, passes
from heatproof.attribution import registry
from heatproof.attribution.core.method import unserved
from heatproof.attribution.families import FAMILIES
from heatproof.datasets import photos
from heatproof.datasets.labelled_files import RAW_ENDINGS
from heatproof.explaining_photos import ExplainedPhotos, measured_seconds, shown
from heatproof.report.text import methods
from heatproof.run.errors import UserError
from heatproof.statistics import numbers
from heatproof.trained_cell import TrainedCell


def answer(
    cells: OpenCells,
    request: dict[str, Any],
    content: bytes,
    tell: Tell,
    stopped: Callable[[], bool],
) -> None:
    """Do what a request asks for, telling how far it is, and at last what came of it.

    Args:
        cells: those that are open.
        request: `do`, "describe" or "explain", and the `cell`; to explain, also what `_explain`
            takes.
        content: the picture's file.
        tell: sends a message.
        stopped: whether to stop.

    Raises:
        UserError: what the command `explain-image` would refuse, in the same words.
        Stopped: it was to stop.
    """
    tell({"event": "opening"})
    trained = cells.get(request["cell"])
    if stopped():
        raise Stopped
    if request["do"] == "describe":
        tell({"event": "done"}, json.dumps(_described(trained)).encode())
    else:
        _explain(trained, request, content, tell, stopped)


def _described(trained: TrainedCell) -> dict[str, Any]:
    """Return what the page needs to know of a network, to let its user choose."""
    verdict, seconds = trained.verdict, measured_seconds(trained, trained.methods)
    measured = trained.accuracy
    height, width, _ = trained.network.image_shape
    titles = {family.name: family.title for family in FAMILIES}
    opaque, remarks = trained.network.opaque, list(trained.remarks)
    known = registry.methods()
    served = [name for name in trained.methods if not unserved(known[name].needs, opaque)]
    if unseen := len(trained.methods) - len(served):
        more = f"{numbers.plural(unseen, 'method')} that need more are not offered."
        remarks.append(f"{opaque[:1].upper()}{opaque[1:]} gives nothing but predictions: {more}")
    described = []
    for name in methods.ordered(served):
        method, judged = methods.describe(name), verdict and verdict.methods.get(name)
        described.append({
            "name": name,
            "label": method.label,
            "family": titles[method.family],
            "shows": method.shows,
            "slow": method.cost == "slow",
            "seconds": seconds.get(name),
            "passes": round(passes(trained, name)),
            "level": judged.level if judged else "",
            "reason": judged.reason if judged else "",
        })  # fmt: skip
    return {
        "cell": trained.name,
        "classes": [numbers.printable(name) for name in trained.class_names],
        "size": f"{width}×{height}",
        "accuracy": numbers.percent(measured["accuracy"], measured["test_images"])
        if measured
        else "",
        "remarks": remarks,
        "methods": described,
    }


def _explain(
    trained: TrainedCell,
    request: dict[str, Any],
    content: bytes,
    tell: Tell,
    stopped: Callable[[], bool],
) -> None:
    """Explain a picture; the last message has the page that `explain-image` would write.

    request: `name` of the picture's file, `methods`, `target` (the index of a class, or None for
    the most probable one), and `how` the picture is prepared.
    """
    chosen = trained.named(request["methods"])
    picture = read_picture(content, request["name"], trained.value_range)
    photo = shown(trained, request["name"], picture, request["target"], request["how"])
    best = photo.ranked[0]
    tell({
        "event": "predicted",
        "name": numbers.printable(trained.class_names[best]),
        "probability": numbers.percent(float(photo.probabilities[best])),
    })  # fmt: skip
    explained = ExplainedPhotos(trained, [photo], request["target"] is not None)
    watched = Watched(trained, chosen, tell, stopped)
    trained.network.progress = watched
    try:
        watched.begin()
        for _ in explained.explain(chosen):
            watched.begin()
    finally:
        trained.network.progress = None
    tell({"event": "done", "file": explained.file_name}, explained.page().encode())


def read_picture(content: bytes, name: str, value_range: tuple[float, float] | None) -> Image.Image:
    """Decode the content of a picture's file as `explain-image` does a file.

    Its name is for messages, and decides nothing but that a camera's raw file is refused. On the
    way it lies in a folder that no other user can enter, under a name that is not the given one.

    Raises:
        UserError: it is no picture that can be read.
    """
    ending = next((each for each in RAW_ENDINGS if name.lower().endswith(each)), "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{ending}"
        path.write_bytes(content)
        try:
            return photos.read(path, value_range)
        except UserError as error:
            raise UserError(str(error).replace(str(path), numbers.printable(name))) from None

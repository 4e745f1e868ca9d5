"""A dataset's page: its classes, copies of images, unusual ones, labels that may be wrong."""

from collections.abc import Iterable
from typing import Any

from heatproof.datasets.quality import brightness, duplicates, fingerprints
from heatproof.datasets.quality.inspection import SIDE, findings, reduced
from heatproof.report.cell_results import dataset_if_there
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.sections import contradictions, leaks
from heatproof.report.sections.contradictions import Contradictions
from heatproof.report.study import Study
from heatproof.statistics import numbers
from heatproof.storage import artifacts, origins, paths
from heatproof.storage.folders import file_name
from heatproof.storage.images import Images, StoredImages
from heatproof.storage.records import Dataset, Origins

MAX_ROWS = 30  # classes in the table; of more, as many of the largest and of the smallest
# Of each kind of copies: its title, and what it says.
KINDS = {
    "conflicting": (
        "Copies with different classes",
        "The same picture under different labels: at least one is wrong, or the classes overlap.",
    ),
    "across": (
        "Test images with copies in the training part",
        "A network may have memorised them.",
    ),
    "within": (
        "Copies within a part",
        "They count several times, in training or in the accuracy.",
    ),
    "mirrored": (
        "Mirror images",
        "One is the other mirrored, which may be on purpose, and counts in no number above. Where "
        "training mirrors images (flip), it sees both.",
    ),
}


def page(name: str) -> str:
    """Return the path of a dataset's page in the site."""
    return f"datasets/{file_name(name)}.html"


def first_page(study: Study) -> str:
    """Return the path of the page that the navigation leads to; empty where there is none."""
    return next(map(page, study.inspections), "")


def context(study: Study, name: str) -> tuple[dict[str, Any], Sprite]:
    """The values of the template data.html, and all its pictures as one."""
    content = study.inspections[name]
    names = content["class_names"]
    pixels = artifacts.read_inspection(name)
    data = dataset_if_there(name)
    doubted = _doubted(study, name, data) if data else []
    count, height, width, channels = pixels.shape
    sprite = Sprite(height, width, count + sum(len(each[0].shown) for each in doubted), channels)
    pictures = [
        sprite_picture(sprite, image, place, names)
        for image, place in zip(pixels, content["pictures"], strict=True)
    ]

    def of(rows: Iterable[int]) -> list[Picture]:
        return [pictures[row] for row in rows]

    values = {
        "name": name,
        "params": study.params,
        "others": [other for other in study.inspections if other != name],
        "data_page_of": page,
        "size": study.datasets.get(name),
        "parts": content["parts"],
        "findings": findings(content),
        "serious": content["copies"]["leak"] or content["copies"]["groups"]["conflicting"]["count"],
        "names": names,
        "rows": class_rows(content),
        "balance": balance(content),
        "samples": [(names[int(label)], of(rows)) for label, rows in content["samples"].items()],
        "copies": content["copies"],
        "kinds": {
            kind: (*text, content["copies"]["groups"][kind]["count"],
                   [(each, of(each["pictures"])) for each in
                    content["copies"]["groups"][kind]["shown"]])
            for kind, text in KINDS.items()
        },
        "leaks": leaks.of_dataset(study, name),
        "unusual": {
            kind: (content["unusual"][kind]["count"], of(content["unusual"][kind]["pictures"]))
            for kind in brightness.KINDS
        },
        "limits": content["unusual"]["limits"],
        "median": content["unusual"]["median"],
        "has_images": data is not None,
        "doubted": [(each[0], _drawn(*each, sprite, names)) for each in doubted],
        "rules": {
            "aligned": duplicates.MIN_ALIGNED,
            "pixels": duplicates.MIN_PIXELS,
            "share": duplicates.MAX_SHARE,
            "common": fingerprints.common_rank(sum(content["parts"].values())),
            "deviations": brightness.MAX_DEVIATIONS,
            "difference": brightness.MIN_DIFFERENCE,
            "blank": brightness.BLANK,
        },
        "remarks": _origins(name).remarks,
        "sizes": content.get("sizes"),
        "size_notes": size_notes(content.get("sizes")),
        "sheet": f"../images/data-{file_name(name)}.png",
        "sprite": sprite,
        "shown_side": SIDE,
    }  # fmt: skip
    return values, sprite


def sprite_picture(sprite: Sprite, image: Any, place: dict[str, Any], names: list[str]) -> Picture:
    """Add an image to the sprite, with its place and class as its text and its caption."""
    label = names[place["label"]]
    where = f"{place['part']} image {place['index']}"
    lines = [label, where, *([place["file"]] if "file" in place else [])]
    return Picture(
        sprite.add(image), numbers.printable(f"{where}, class {label}"),
        "\n".join(map(numbers.printable, lines)),
    )  # fmt: skip


def class_rows(content: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    """Return the classes of the table, each with its images in every part that has some.

    Of more than MAX_ROWS classes those with the most and the fewest training images.
    """
    counts = {part: content["per_class"][part] for part, n in content["parts"].items() if n}
    order = list(range(len(content["class_names"])))
    if len(order) > MAX_ROWS:
        order.sort(key=lambda label: (-content["per_class"]["training"][label], label))
        order = [*order[: MAX_ROWS // 2], *order[-(MAX_ROWS // 2) :]]
    return [
        (content["class_names"][label], {part: each[label] for part, each in counts.items()})
        for label in order
    ]


def balance(content: dict[str, Any]) -> str:
    """Say how unequal the classes' numbers of training images are."""
    counts = content["per_class"]["training"]
    low, high = min(counts), max(counts)
    text = f"{numbers.plural(len(counts), 'class', 'classes')}"
    if low == high:
        return f"{text} of {numbers.plural(low, 'training image')} each."
    unequal = low and high / low >= 1.05
    times = f", {numbers.significant(high / low, 2)} times as many" if unequal else ""
    untested = sum(not n for n in content["per_class"]["test"])
    more = f" {untested:,} have no test image." if untested else ""
    return f"{text}, of {low:,} to {high:,} training images{times}.{more}"


def size_notes(sizes: dict[str, Any] | None) -> str:
    """Say of the files' sizes what is worth knowing; empty where nothing is, or is known."""
    if not sizes:
        return ""
    notes = []
    if sizes["min"] != sizes["max"]:
        notes.append(f"median {sizes['median'][0]}×{sizes['median'][1]}")
    for key, text in (
        ("enlarged", "smaller than what the networks see"),
        ("stretched", "whose ratio of sides changes by more than half"),
    ):
        if sizes[key]:
            notes.append(f"{numbers.plural(sizes[key], 'image')} {text}")
    return "; ".join(notes)


def _doubted(
    study: Study, name: str, data: Dataset
) -> list[tuple[Contradictions, Images, list[str]]]:
    """List contradicted labels of each part that is judged, with its images and their files."""
    images = {"test": data.test_images, "training": data.train_images}
    return [
        (each, images[each.part], _files(name, images[each.part]))
        for each in contradictions.of_dataset(study, name, data)
    ]


def _origins(name: str) -> Origins:
    return origins.read(name) if paths.origins(name).exists() else origins.UNKNOWN


def _files(name: str, images: Images) -> list[str]:
    """Return the file of each image of a part; none where that is not known."""
    known = _origins(name).files
    if not len(known) or not isinstance(images, StoredImages):
        return []
    return [numbers.printable(file) for file in known[images.rows]]


def _drawn(
    found: Contradictions, images: Images, files: list[str], sprite: Sprite, names: list[str]
) -> list[tuple[Picture, str, str, float, float]]:
    """Draw contradicted images: picture, label, suggested class, the probability of each."""
    drawn = []
    for index, label, suggested, of_label, of_suggested in found.shown:
        place = {"part": found.part, "index": index, "label": label}
        place |= {"file": files[index]} if files else {}
        picture = sprite_picture(sprite, reduced(images[index]), place, names)
        drawn.append((picture, names[label], names[suggested], of_label, of_suggested))
    return drawn

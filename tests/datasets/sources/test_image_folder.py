"""Anyone's images: which files belong to which class."""

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from heatproof.datasets import official_files
from heatproof.datasets.canonical import in_canonical_order
from heatproof.datasets.sources import image_folder
from tests.datasets.own_images import content, fetched, flat_image, options, table

MIRROR = os.environ.get("DATASETS_MIRROR")


def test_a_table_of_ids(folder: Path) -> None:
    raw = fetched(folder)
    assert content(raw) == {10: "cat", 20: "dog", 30: "cat", 40: "dog"}
    assert raw.class_names == ("cat", "dog")
    assert raw.images.shape == (4, 8, 8, 1)
    assert raw.images.dtype == np.uint8
    assert raw.labels.dtype == raw.test_labels.dtype == np.int64
    assert raw.test_images.shape == (0, 8, 8, 1)
    assert raw.test_labels.shape == (0,)


@pytest.mark.parametrize(
    "text",
    [
        "label,id\ncat,1\ndog,2\n",
        "id,label\r\n1,cat\r\n\r\n2,dog\r\n",
        "\ufeffid,label\n1,cat\n2,dog",
        ' id , label \n 1 ,  "cat"\n2,dog \n,\n',
        "filename,label\n1.png,cat\n2.png,dog\n",
        "filename,label\n./1.png,cat\n../photos/2.png,dog\n",
        "id;label\n1;cat\n2;dog\n",
        "id\tlabel\n1\tcat\n2\tdog\n",
        "Image_ID,age,Class\n1.png,3,cat\n2,4,dog\n",
        "id,filename,target,label\nx,1.png,1,cat\ny,2.png,0,dog\n",
    ],
)
def test_tables_as_people_write_them(folder: Path, text: str) -> None:
    table(folder, text)
    assert content(fetched(folder)) == {10: "cat", 20: "dog"}


def test_a_quoted_label_may_hold_a_comma(folder: Path) -> None:
    table(folder, 'id,label\n1,"cat, black"\n2,dog\n')
    assert content(fetched(folder)) == {10: "cat, black", 20: "dog"}


def test_an_id_finds_png_and_jpeg_in_any_case(folder: Path) -> None:
    for name in ("a.jpg", "b.JPEG", "c.PNG", "d.x.png"):
        flat_image(folder / "photos" / name, 200)
    table(folder, "id,label\na,cat\nb,dog\nc,dog\nd.x,dog\n")
    assert len(fetched(folder).labels) == 4


def test_classes_are_sorted_whatever_order_they_come_in(folder: Path) -> None:
    table(folder, "id,label\n1,10\n2,2\n3,zèbre\n04,Ant\n")
    raw = fetched(folder)
    assert raw.class_names == ("10", "2", "Ant", "zèbre")
    assert content(raw) == {10: "10", 20: "2", 30: "zèbre", 40: "Ant"}


def test_the_order_of_the_rows_leaves_no_trace(folder: Path) -> None:
    one = in_canonical_order(fetched(folder))
    table(folder, "id,label\n04,dog\n3,cat\n2,dog\n1,cat\n")
    other = in_canonical_order(fetched(folder))
    np.testing.assert_array_equal(one.images, other.images)
    assert one.labels.tolist() == other.labels.tolist() == [0, 0, 1, 1]


def test_one_subfolder_per_class(tmp_path: Path) -> None:
    flat_image(tmp_path / "a dog" / "1.png", 10)
    flat_image(tmp_path / "a dog" / "2.JPG", 20)
    flat_image(tmp_path / "Katze ß" / "1.png", 30)
    flat_image(tmp_path / "__unknown__" / "1.png", 40)
    (tmp_path / "README.txt").write_text("mine")
    (tmp_path / "a dog" / "notes.txt").write_text("good dog")
    flat_image(tmp_path / ".cache" / "1.png", 90)
    flat_image(tmp_path / "__MACOSX" / "._1.png", 90)
    (tmp_path / "a dog" / "._1.png").write_bytes(b"\0\5\26\7")
    raw = image_folder.fetch(options(tmp_path, colour="gray"))
    assert raw.class_names == ("Katze ß", "__unknown__", "a dog")
    assert content(raw) == {10: "a dog", 20: "a dog", 30: "Katze ß", 40: "__unknown__"}


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "photos" / "5.png").symlink_to("1.png")
    (folder / "photos" / "1.png").rename(folder / "original.png")
    (folder / "photos" / "1.png").symlink_to(folder / "original.png")
    assert content(fetched(folder)) == {10: "cat", 20: "dog", 30: "cat", 40: "dog"}


@pytest.mark.skipif(not MIRROR, reason="DATASETS_MIRROR is not set")
@pytest.mark.slow
def test_cifar10_as_png_is_cifar10() -> None:
    """The first 2,000 of the public PNG form are the first 2,000 of the official files."""
    root = Path(MIRROR) / "cifar10_png"
    settings = options(root, images="cifar10", labels="cifar10Labels.csv", size=[32, 32])
    raw = image_folder.fetch(settings)
    assert raw.class_names == official_files.CIFAR_NAMES

    archive = Path(MIRROR) / "cifar10" / official_files.CIFAR_ARCHIVE
    with tarfile.open(archive) as tar:
        first = tar.extractfile(f"{official_files.CIFAR_FOLDER}/data_batch_1.bin").read()
    images, labels = official_files.parse_cifar(first)

    def pairs(images: np.ndarray, labels: np.ndarray) -> list[tuple[int, bytes]]:
        both = zip(labels.tolist(), images, strict=True)
        return sorted((label, image.tobytes()) for label, image in both)

    found = pairs(raw.images, raw.labels)
    assert len(found) == 2000
    assert found == pairs(images[:2000], labels[:2000])


def test_height_comes_before_width(tmp_path: Path) -> None:
    flat_image(tmp_path / "a" / "1.png", 1)
    flat_image(tmp_path / "b" / "1.png", 2)
    raw = image_folder.fetch(options(tmp_path, size=[8, 12]))
    assert raw.images.shape == (2, 8, 12, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": [8]},
        {"size": [8, 8, 3]},
        {"size": [7, 8]},
        {"size": 8},
        {"size": [8, 513]},
        {"colour": "cmyk"},
        {"reads": ""},
        {"labels": ""},
        {"lables": "labels.csv"},
    ],
)
def test_settings_out_of_range(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options(tmp_path, **wrong)

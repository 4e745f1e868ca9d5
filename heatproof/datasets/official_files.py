"""The datasets' official files in a folder, verified by checksum.

Stands in for the download on machines without internet: DATASETS_MIRROR names a folder with
`mnist/`, `fashion_mnist/` and `cifar10/` as their publishers distribute them. Files are parsed as
arrays of bytes; nothing is unpickled and no archive is unpacked to disk.
"""

import gzip
import hashlib
import tarfile
import zlib
from pathlib import Path

import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage.folders import named_by
from heatproof.storage.records import RawDataset

MIRROR = "DATASETS_MIRROR"
DIGIT_NAMES = tuple(str(digit) for digit in range(10))
FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
CIFAR_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

# MD5 as the publishers and their users have always given them: a check against damage.
IDX_FILES = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
}
CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
CIFAR_FOLDER = "cifar-10-batches-bin"
LARGEST_MEMBER = 2**26
CIFAR_MEMBERS = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}
CLASS_NAMES = {"mnist": DIGIT_NAMES, "fashion_mnist": FASHION_NAMES, "cifar10": CIFAR_NAMES}


def read(name: str, mirror: Path) -> RawDataset:
    """Read mnist, fashion_mnist or cifar10 from `mirror`, as stored, in the files' own order.

    Raises:
        UserError: a folder or file is missing, cannot be read, or has another checksum.
    """
    folder = mirror / name
    if not folder.is_dir():
        raise UserError(
            f"{MIRROR}={mirror}: there is no folder {name}; put the official files of {name} "
            f"there, or unset {MIRROR} to download them"
        )
    read_parts = _read_cifar if name == "cifar10" else _read_idx
    train_images, train_labels, test_images, test_labels = read_parts(folder, name)
    return RawDataset(train_images, train_labels, test_images, test_labels, CLASS_NAMES[name])


def _read_idx(folder: Path, name: str) -> tuple[np.ndarray, ...]:
    parts = []
    for file, md5 in IDX_FILES[name].items():
        content = verified(folder / file, file_bytes(folder / file), md5)
        array = parse_idx(gzip.decompress(content))
        parts.append(array[..., np.newaxis] if array.ndim == 3 else array.astype(np.int64))
    return tuple(parts)


def parse_idx(content: bytes) -> np.ndarray:
    """Parse the IDX format (http://yann.lecun.com/exdb/mnist/): unsigned bytes of any shape.

    Raises:
        ValueError: it is not IDX, not of unsigned bytes, or not as long as its header says.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError("not an IDX file of unsigned bytes")
    dimensions = content[3]
    header = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:header], dtype=">u4").astype(int)
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def _read_cifar(folder: Path, name: str) -> tuple[np.ndarray, ...]:
    members = _cifar_members(folder)
    parts = [parse_cifar(verified(place, members[place.name], md5)) for place, md5 in (
        (folder / CIFAR_FOLDER / member, md5) for member, md5 in CIFAR_MEMBERS.items()
    )]  # fmt: skip
    train_images = np.concatenate([images for images, _ in parts[:-1]])
    train_labels = np.concatenate([labels for _, labels in parts[:-1]])
    return train_images, train_labels, *parts[-1]


def parse_cifar(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Parse records of a label and three 32×32 planes (https://www.cs.toronto.edu/~kriz/cifar.html).

    Returns:
        uint8 images (n, 32, 32, 3) and int64 labels (n,).

    Raises:
        ValueError: the length is no multiple of a record's.
    """
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype(np.int64)


def _cifar_members(folder: Path) -> dict[str, bytes]:
    """Read the wanted members, from the unpacked folder or from the archive, without unpacking."""
    unpacked, archive = folder / CIFAR_FOLDER, folder / CIFAR_ARCHIVE
    if unpacked.is_dir():
        return {member: file_bytes(unpacked / member) for member in CIFAR_MEMBERS}
    if not archive.is_file():
        raise UserError(
            f"{archive}: there is no such file; put the official archive there, or unset {MIRROR} "
            "to download it"
        )
    members = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = member.name.removeprefix("./").removeprefix(f"{CIFAR_FOLDER}/")
                file = tar.extractfile(member) if name in CIFAR_MEMBERS and member.isreg() else None
                if file is not None:
                    # No more than that of a member that unpacks to many gigabytes.
                    members[name] = file.read(LARGEST_MEMBER)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{archive}: the archive is damaged or cut short ({error}); fetch it again"
        ) from error
    missing = sorted(CIFAR_MEMBERS.keys() - members.keys())
    if missing:
        raise UserError(
            f"{archive}: {', '.join(missing)} missing in {CIFAR_FOLDER}/; fetch the archive again"
        )
    return members


def file_bytes(path: Path) -> bytes:
    """Read one of the mirror's files. Raises UserError if it is not there."""
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file; put the official file there, or unset {MIRROR} to "
            "download it"
        )
    return path.read_bytes()


def verified(path: Path, content: bytes, md5: str) -> bytes:
    """Return what a file holds. Raises UserError if its checksum is another."""
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if checksum != md5:
        raise UserError(
            f"{path}: the file is damaged or not the official one (MD5 {checksum}, expected {md5}, "
            f"{len(content):,} bytes); fetch it again"
        )
    return content


def mirror() -> Path | None:
    """Return the folder that DATASETS_MIRROR names; see `folders.named_by`."""
    return named_by(MIRROR)

"""MNIST, Fashion-MNIST and CIFAR-10 through tensorflow-datasets, or from the official files."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from heatproof.config.schema import Block, ReadsNothing
from heatproof.datasets import official_files
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

TIMEOUT_SECONDS = (5, 20)  # to connect, to answer
NO_HEAD_REQUESTS = (405, 501)  # a server that answers so is there all the same
BATCH = 1000


class Options(Block):
    """`name`: as tensorflow-datasets calls it."""

    source: Literal["tfds"]
    name: Literal["mnist", "fashion_mnist", "cifar10"]
    reads: ReadsNothing


def fetch(options: Options) -> RawDataset:
    """Return a dataset, see `read`."""
    return read(options.name)


def read(name: str) -> RawDataset:
    """Return a dataset from the folder that DATASETS_MIRROR names, or else download it.

    Downloads are kept in tensorflow-datasets' own folder (TFDS_DATA_DIR, by default
    ~/tensorflow_datasets), which also serves without a network once it is filled.

    Raises:
        UserError: the mirror's files are missing or damaged, or there is no network.
    """
    mirror = official_files.mirror()
    if mirror is not None:
        return official_files.read(name, mirror)
    return _downloaded(name)


def _downloaded(name: str) -> RawDataset:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import absl.logging
    import tensorflow as tf
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    absl.logging.set_verbosity(absl.logging.ERROR)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    builder = tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"))
    downloads = Path(builder.data_dir_root) / "downloads"
    if not builder.is_prepared():
        for url in missing_downloads(builder, downloads)[:1]:
            _require_answer(name, url)
    try:
        builder.download_and_prepare(download_dir=downloads)
        train, test = (_arrays(builder, part) for part in ("train", "test"))
    except NonMatchingChecksumError as error:
        raise UserError(
            f"{name}: a download is not the official file ({_first_line(error)}); delete "
            f"{downloads} and run again"
        ) from None
    except tf.errors.OpError as error:
        raise UserError(
            f"{builder.data_dir}: the prepared dataset is damaged ({type(error).__name__}); "
            "delete the folder and run again"
        ) from None
    except (OSError, tfds.download.DownloadError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the operating system's refusal, such as a full disk
        raise UserError(_no_download(name, _first_line(error))) from None
    return RawDataset(*train, *test, tuple(builder.info.features["label"].names))


def missing_downloads(builder: "tfds.core.DatasetBuilder", downloads: Path) -> list[str]:
    """Return the addresses that tensorflow-datasets would have to ask, sorted.

    Beside each download lies an INFO file that names its addresses; files put into `manual/` by
    hand count too.
    """
    there: set[str] = set()
    for info in downloads.rglob("*.INFO"):
        if info.with_suffix("").exists():
            there.update(json.loads(info.read_text(encoding="utf-8")).get("urls", []))
    return sorted(
        url
        for url, expected in builder.url_infos.items()
        if url not in there and not (downloads / "manual" / str(expected.filename)).exists()
    )


def _require_answer(name: str, url: str) -> None:
    """Ask once, briefly: tensorflow-datasets itself tries for minutes, and without a time limit."""
    import requests

    try:
        status = requests.head(url, timeout=TIMEOUT_SECONDS, allow_redirects=True).status_code
    except requests.exceptions.InvalidSchema as error:  # requests' own words for a SOCKS proxy
        hint = "`.venv/bin/python -m pip install pysocks`, or name an HTTP proxy in HTTPS_PROXY"
        raise UserError(_no_download(name, f"{url}: {_first_line(error)} {hint}")) from None
    except requests.RequestException as error:
        raise UserError(_no_download(name, f"{url}: {type(error).__name__}")) from None
    if status >= 400 and status not in NO_HEAD_REQUESTS:
        raise UserError(_no_download(name, f"{url}: HTTP status {status}"))


def _no_download(name: str, reason: str) -> str:
    return (
        f"{name}: cannot be downloaded ({reason}); connect to the internet and run again, or put "
        f"the official files into <folder>/{name} and set {official_files.MIRROR}=<folder>"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _arrays(builder: "tfds.core.DatasetBuilder", part: str) -> tuple[np.ndarray, np.ndarray]:
    batches = builder.as_dataset(split=part, batch_size=BATCH, as_supervised=True)
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels).astype(np.int64)

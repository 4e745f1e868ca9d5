"""tensorflow-datasets for real, fed with small official files from a server on this machine."""

import hashlib
import json
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
import requests

from heatproof.datasets import downloading, official_files
from heatproof.datasets.canonical import in_canonical_order
from heatproof.datasets.sources import tfds
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import RawDataset
from tests.datasets import stand_ins

MIRROR = official_files.mirror()
IDX_NAMES = ("mnist", "fashion_mnist")


class Quiet(SimpleHTTPRequestHandler):
    """A folder over HTTP, without a line for each request."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address at which the folder `mirror` is served; the environment leads nowhere else."""
    monkeypatch.delenv(official_files.MIRROR, raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "mirror").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "mirror"))
    # It looks every 20 ms whether it is to end, else every half second.
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def publish(name: str, mirror: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins for a dataset into the mirror, and have tensorflow-datasets look there."""
    if name in IDX_NAMES:
        _publish_idx(name, mirror, address, monkeypatch)
    else:
        _publish_cifar(mirror, address, monkeypatch)


def _publish_idx(name: str, mirror: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow_datasets.image_classification import mnist

    stand_ins.write_idx(mirror / name, name, monkeypatch)
    kind = mnist.MNIST if name == "mnist" else mnist.FashionMNIST
    monkeypatch.setattr(mnist, "_TRAIN_EXAMPLES", stand_ins.TRAIN)
    monkeypatch.setattr(mnist, "_TEST_EXAMPLES", stand_ins.TEST)
    monkeypatch.setattr(kind, "URL", f"{address}{name}/")
    files = sorted((mirror / name).iterdir())
    monkeypatch.setattr(kind, "url_infos", {f"{kind.URL}{f.name}": checksum(f) for f in files})


def _publish_cifar(mirror: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow_datasets.image_classification import cifar

    names = "".join(f"{name}\n" for name in official_files.CIFAR_NAMES)
    contents = {**stand_ins.cifar_members(monkeypatch), "batches.meta.txt": names.encode()}
    archive = mirror / "cifar10" / official_files.CIFAR_ARCHIVE
    members = [
        stand_ins.member(f"{official_files.CIFAR_FOLDER}/{file}", content)
        for file, content in contents.items()
    ]
    stand_ins.write_archive(archive, members)
    url = f"{address}cifar10/{archive.name}"
    original = cifar.Cifar10._cifar_info.fget
    monkeypatch.setattr(
        cifar.Cifar10, "_cifar_info", property(lambda self: original(self)._replace(url=url))
    )
    monkeypatch.setattr(cifar.Cifar10, "url_infos", {url: checksum(archive)})


def checksum(file: Path):
    """Return what tensorflow-datasets wants to know of a file that it downloads."""
    from tensorflow_datasets.core.download import checksums

    return checksums.compute_url_info(file)


def fetched(name: str) -> RawDataset:
    return tfds.read(name)


def raw_files(raw: RawDataset, name: str) -> list[bytes]:
    """Return the bytes that the fetch stage would write."""
    artifacts.write_raw(name, in_canonical_order(raw))
    return [path.read_bytes() for path in sorted(paths.raw(name).iterdir())]


@pytest.mark.parametrize("name", [*IDX_NAMES, "cifar10"])
def test_the_same_bytes_as_from_the_official_files(
    name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(name, tmp_path / "mirror", address, monkeypatch)
    raw = fetched(name)
    from_files = official_files.read(name, tmp_path / "mirror")
    # In another order, so that the canonical one is what makes them the same.
    assert not np.array_equal(raw.images, from_files.images)
    assert raw_files(raw, name) == raw_files(from_files, name)


def test_what_is_prepared_needs_no_network(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mnist", tmp_path / "mirror", address, monkeypatch)
    first = fetched("mnist")
    cut_off(monkeypatch)
    np.testing.assert_array_equal(fetched("mnist").images, first.images)


def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every request to a port of this machine where nobody listens."""
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")


@pytest.mark.parametrize("kept_as", ["manual", "cache"])
def test_files_in_its_download_folder_need_no_network(
    kept_as: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_datasets.core.download import resource
    from tensorflow_datasets.image_classification import mnist

    publish("mnist", tmp_path / "mirror", address, monkeypatch)
    downloads = tmp_path / "tfds" / "downloads"
    (downloads / "mnist").mkdir(parents=True)
    (downloads / "manual").mkdir()
    for file in (tmp_path / "mirror" / "mnist").iterdir():
        url = f"{mnist.MNIST.URL}{file.name}"
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        kept = downloads / "mnist" / resource.get_dl_fname(url, digest)
        if kept_as == "manual":
            kept = downloads / "manual" / file.name
        else:
            kept.with_name(f"{kept.name}.INFO").write_text(
                json.dumps({"urls": [url], "original_fname": file.name})
            )
        kept.write_bytes(file.read_bytes())
    cut_off(monkeypatch)
    raw = fetched("mnist")
    assert len(raw.images) == stand_ins.TRAIN
    assert len(raw.test_images) == stand_ins.TEST


@pytest.mark.parametrize("name", [*IDX_NAMES, "cifar10"])
def test_no_network_and_no_mirror(
    name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow_datasets  # noqa: F401  its import is not what is timed

    cut_off(monkeypatch)
    started = time.monotonic()
    with pytest.raises(UserError) as refusal:
        fetched(name)
    assert time.monotonic() - started < 60
    message = str(refusal.value)
    assert message.startswith(f"{name}: cannot be downloaded (http")
    assert "connect to the internet" in message
    assert f"<folder>/{name} and set DATASETS_MIRROR=<folder>" in message
    assert "\n" not in message
    assert not list((tmp_path / "tfds").rglob("*.tfrecord*"))


def test_a_socks_proxy_gets_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests, without PySocks, calls its address an invalid schema."""

    def head(*_: object, **__: object) -> None:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests, "head", head)
    with pytest.raises(UserError, match=r"Missing dependencies for SOCKS .* install pysocks"):
        downloading.require_answer("mnist", "https://example.org")


def test_a_server_without_the_files(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mnist", tmp_path / "mirror", address, monkeypatch)
    for file in (tmp_path / "mirror" / "mnist").iterdir():
        file.unlink()
    with pytest.raises(UserError, match=r"mnist: cannot be downloaded \(.*HTTP status 404"):
        fetched("mnist")


def test_a_file_that_vanishes_from_the_server(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mnist", tmp_path / "mirror", address, monkeypatch)
    # The first address, in alphabetical order, is the one that is asked beforehand.
    (tmp_path / "mirror" / "mnist" / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match=r"mnist: cannot be downloaded \(.*404"):
        fetched("mnist")


def test_an_altered_download(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("mnist", tmp_path / "mirror", address, monkeypatch)
    labels = tmp_path / "mirror" / "mnist" / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes() + b"\0")
    with pytest.raises(UserError) as refusal:
        fetched("mnist")
    message = str(refusal.value)
    assert "mnist: a download is not the official file" in message
    assert labels.name in message
    assert f"delete {tmp_path / 'tfds' / 'downloads'} and run again" in message


def test_a_damaged_prepared_dataset(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mnist", tmp_path / "mirror", address, monkeypatch)
    fetched("mnist")
    (records,) = (tmp_path / "tfds" / "mnist").rglob("mnist-test.tfrecord*")
    records.write_bytes(records.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"the prepared dataset is damaged .*delete the folder"):
        fetched("mnist")


def test_only_whole_downloads_count(tmp_path: Path) -> None:
    urls = {
        f"https://example.org/{name}": SimpleNamespace(filename=name)
        for name in ("manual.gz", "cached.gz", "info-only.gz", "new.gz")
    }
    (tmp_path / "manual").mkdir()
    (tmp_path / "manual" / "manual.gz").touch()
    for name in ("cached.gz", "info-only.gz"):
        info = tmp_path / "mnist" / f"{name}.INFO"
        info.parent.mkdir(exist_ok=True)
        info.write_text(json.dumps({"urls": [f"https://example.org/{name}"]}))
    (tmp_path / "mnist" / "cached.gz").touch()
    missing = downloading.missing(SimpleNamespace(url_infos=urls), tmp_path)
    assert missing == ["https://example.org/info-only.gz", "https://example.org/new.gz"]


@pytest.mark.skipif(MIRROR is None, reason="DATASETS_MIRROR is not set")
@pytest.mark.thorough
@pytest.mark.timeout(900)  # 70,000 PNG files, which is how tensorflow-datasets keeps images
def test_the_real_mnist(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    manual = tmp_path / "tfds" / "downloads" / "manual"
    manual.mkdir(parents=True)
    for file in official_files.IDX_FILES["mnist"]:
        (manual / file).write_bytes((MIRROR / "mnist" / file).read_bytes())
    cut_off(monkeypatch)
    assert raw_files(fetched("mnist"), "mnist") == raw_files(
        official_files.read("mnist", MIRROR), "mnist"
    )


def test_a_name_that_is_none(address: str) -> None:
    for name, message in (
        (
            "cifar1000",
            "'cifar1000': tensorflow-datasets has no such dataset; did you mean 'cifar100'?",
        ),
        ("mnist_corrupted/nope", "BuilderConfig nope not found"),
    ):
        with pytest.raises(UserError) as refusal:
            tfds.read(name)
        assert message in str(refusal.value) and "\n" not in str(refusal.value)

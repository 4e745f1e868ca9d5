"""What a run ran on: enough to repeat it, and nothing of who ran it, where or when."""

import getpass
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from heatproof.run import peak_memory, provenance, tracking
from heatproof.storage import artifacts, paths
from heatproof.storage.formats import write_record


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder as the current one, of which nothing is remembered."""
    folder = tmp_path / "a stüdy of ada"
    folder.mkdir()
    monkeypatch.chdir(folder)
    provenance._sources.cache_clear()
    yield folder
    provenance._sources.cache_clear()


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def committed(params: str = "seed: 1\n") -> str:
    Path("stages").mkdir()
    Path("stages/train.py").write_text("1\n")
    Path("params.yaml").write_text(params)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    made = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return made.stdout.strip()


def test_a_commit_as_it_is_needs_no_more_words() -> None:
    commit = committed()
    Path("notes.txt").write_text("new, and no code")
    assert provenance.sources() == {"commit": commit, "changed": [], "parameters": []}


def test_what_differs_from_the_commit_is_named() -> None:
    used = "seed: 2\nnew: true\nfirst: {rate: 1e-3, same: [1, 2]}\n"
    before = "# a remark\nseed: 1\nfirst: {rate: 0.001, same: [1, 2]}\ngone: x\n"
    commit = committed(before)
    Path("params.yaml").write_text(used)
    Path("stages/train.py").write_text("2\n")
    Path("heatproof/models").mkdir(parents=True)
    Path("heatproof/models/mine.py").write_text("new\n")
    git("mv", "-k", "stages/train.py", "stages/trained.py")
    found = provenance.sources()
    assert found["commit"] == commit
    assert set(found["changed"]) >= {"stages/trained.py", "heatproof/"}
    assert "params.yaml" not in found["changed"]
    # 1e-3 and 0.001 are one number.
    assert found["parameters"] == [
        {"key": "seed", "committed": "1", "used": "2"},
        {"key": "gone", "committed": "x"},
        {"key": "new", "used": "true"},
    ]


def test_a_remark_in_the_parameters_changes_none() -> None:
    commit = committed()
    Path("params.yaml").write_text("# why\nseed: 1\n")
    assert provenance.sources() == {"commit": commit, "changed": [], "parameters": []}


def test_the_commit_is_that_of_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = committed()
    monkeypatch.setenv("STUDY_TRACKING", "off")
    with tracking.run("train", "a-b", {}):
        Path("stages/train.py").write_text("changed while it trains\n")
        git("commit", "-q", "-a", "-m", "second")
        artifacts.write_timing("train", "a-b", {"train_seconds": 1.0})
    noted = artifacts.read_run("train", "a-b")
    assert (noted["commit"], noted["changed"]) == (commit, [])


def test_two_clones_of_a_commit_note_the_same(
    tmp_path: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed()
    monkeypatch.setattr(peak_memory, "peak", lambda: 1)  # of this process, which varies
    noted = []
    for name in ("one", "another with a longer name"):
        git("clone", "-q", str(study), str(tmp_path / name))
        os.chdir(tmp_path / name)
        artifacts.write_timing("train", "a-b", {"train_seconds": 1.0})
        noted.append(paths.timing("train", "a-b").read_bytes())
    assert noted[0] == noted[1]


NOTHING = {"commit": None, "changed": [], "parameters": []}


def test_without_git_the_code_version_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("params.yaml").write_text("seed: 1\n")
    assert provenance.sources() == NOTHING  # an unpacked archive
    provenance._sources.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert provenance.sources() == NOTHING  # no git at all
    assert provenance.run()["python"]


def test_a_copy_within_another_repository_is_not_of_its_commit() -> None:
    committed()
    Path("copy").mkdir()
    Path("copy/params.yaml").write_text("seed: 1\n")
    os.chdir("copy")
    assert provenance.sources() == NOTHING


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("/home/ada lovelace/birds", "…/birds"),
        ("file:///home/ada/birds.csv", "…/birds.csv"),
        ("~/birds/", "…/birds"),
        ("C:\\Users\\ada\\birds", "…/birds"),
        ("from /home/ada/birds, squashed", "from …/birds, squashed"),
        (["../birds", "/mnt/ada/x"], "[../birds, …/x]"),
        ("https://ada:secret@example.org/x?token=secret", "https://***@example.org/x?token=***"),
        ("and/or", "and/or"),
        (False, "false"),
        (None, "null"),
        (0.001, "0.001"),
        ("long" * 100, "long" * 49 + "lon…"),
    ],
)
def test_values_are_shown_without_places_and_secrets(value: object, text: str) -> None:
    assert provenance.shown(value) == text


def test_a_run_notes_nothing_of_who_where_and_when(study: Path) -> None:
    committed()
    Path("params.yaml").write_text(f"seed: 1\nreads: {study}/birds\n")
    noted = json.dumps(provenance.run(), ensure_ascii=False)
    today = datetime.now(UTC)
    for word in (socket.gethostname(), str(study), study.name, "ada@", f"{today:%Y-%m-%d}"):
        assert word not in noted
    assert getpass.getuser() not in re.findall(r"[\w.-]+", noted)
    assert "…/birds" in noted
    assert not re.search(r'[" ]/[a-z]', noted)


def test_a_run_notes_machine_and_versions() -> None:
    noted = provenance.run()
    assert noted["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"tensorflow", "keras", "numpy"} <= set(noted["libraries"])
    assert re.fullmatch(r"\d+\.\d+.*", noted["libraries"]["numpy"])
    assert noted["cores"] >= 1 and noted["memory_gib"] >= 1
    assert noted["system"]
    assert noted == provenance.run(), "the same on every call"


def test_a_study_of_its_own_notes_which_code_ran(tmp_path: Path) -> None:
    version = provenance.version_of("heatproof")
    assert provenance._own_version(provenance.ROOT) == version
    elsewhere = provenance._own_version(tmp_path)
    pattern = rf"{re.escape(version)}(, commit [0-9a-f]{{13}}(, with changes)?)?"
    assert re.fullmatch(pattern, elsewhere)
    assert ("commit" in elsewhere) == (provenance.ROOT / ".git").exists()


def test_it_starts_few_programs_and_imports_no_tensorflow(repository: Path) -> None:
    # Every stage of a study waits for it.
    code = (
        "import subprocess, sys; from heatproof.run import provenance\n"
        "started = []; real = subprocess.run\n"
        "def noted(words, *rest, **options):\n"
        "    started.append(words); return real(words, *rest, **options)\n"
        "subprocess.run = noted\n"
        "provenance.run(); print(len(started)); provenance.run(); print(len(started))\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(repository)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    first, second = map(int, done.stdout.split())
    assert 1 <= first <= 3, "git's, at most"
    assert second == first, "the second time all is known"


class Gpus:
    """As much of TensorFlow as is asked for threads and accelerators."""

    def __init__(self, names: list[str]) -> None:
        self.config = SimpleNamespace(
            threading=SimpleNamespace(get_intra_op_parallelism_threads=lambda: 3),
            list_physical_devices=lambda kind: names if kind == "GPU" else [],
            experimental=SimpleNamespace(get_device_details=lambda name: {"device_name": name}),
        )


KERAS = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "tensorflow"))


def test_kernels_threads_and_gpus_are_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", KERAS)
    monkeypatch.setitem(sys.modules, "tensorflow", Gpus(["NVIDIA <b>X</b>"]))
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    noted = provenance.run()
    assert noted["backend"] == "tensorflow" and noted["threads"] == 3
    assert noted["onednn"] == "on" and noted["gpus"] == ["NVIDIA <b>X</b>"]
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert provenance.run()["onednn"] == "off"


@pytest.mark.parametrize(
    ("name", "value", "noted"),
    [
        ("ONEDNN_MAX_CPU_ISA", "AVX2", "AVX2"),
        ("DNNL_MAX_CPU_ISA", "AVX2", "AVX2"),
        ("TF_XLA_FLAGS", "--tf_xla_auto_jit=2", "--tf_xla_auto_jit=2"),
        ("XLA_FLAGS", "--xla_dump_to=/home/me/x --a=1", "--xla_dump_to=…/x --a=1"),
        ("OMP_NUM_THREADS", "7", "7"),
        ("TF_CPP_MIN_LOG_LEVEL", "2", None),
        ("TFDS_DATA_DIR", "/home/me/data", None),
    ],
)
def test_variables_that_may_change_weights_are_noted(
    name: str, value: str, noted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert provenance.run()["variables"].get(name) == noted


def test_a_driver_that_fails_does_not_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = SimpleNamespace()  # has no config
    monkeypatch.setitem(sys.modules, "keras", KERAS)
    monkeypatch.setitem(sys.modules, "tensorflow", broken)
    noted = provenance.run()
    assert noted["gpus"] == [] and noted["threads"] is None


def test_durations_are_read_as_before_and_runs_without_a_note_have_none() -> None:
    artifacts.write_timing("train", "a-b", {"train_seconds": 1.5})
    assert artifacts.read_timing("train", "a-b") == {"train_seconds": 1.5}
    assert artifacts.read_run("train", "a-b")["python"]
    write_record(paths.timing("train", "old-b"), {"train_seconds": 1.5}, "train@old-b")
    assert artifacts.read_timing("train", "old-b") == {"train_seconds": 1.5}
    assert artifacts.read_run("train", "old-b") is None
    assert artifacts.read_run("train", "none-b") is None

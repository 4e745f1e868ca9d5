"""What tensorflow-datasets would download: is it there, and what to say if it cannot be had."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.datasets import official_files
from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

TIMEOUT_SECONDS = (5, 20)  # to connect, to answer
NO_HEAD_REQUESTS = (405, 501)  # a server that answers so is there all the same


def missing(builder: "tfds.core.DatasetBuilder", downloads: Path) -> list[str]:
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
        for url, expected in (builder.url_infos or {}).items()
        if url not in there and not (downloads / "manual" / str(expected.filename)).exists()
    )


def require_answer(name: str, url: str) -> None:
    """Ask once, briefly: tensorflow-datasets itself tries for minutes, and without a time limit."""
    import requests

    try:
        status = requests.head(url, timeout=TIMEOUT_SECONDS, allow_redirects=True).status_code
    except requests.exceptions.InvalidSchema as error:  # requests' own words for a SOCKS proxy
        hint = "`.venv/bin/python -m pip install pysocks`, or name an HTTP proxy in HTTPS_PROXY"
        raise UserError(refusal(name, f"{url}: {first_line(error)} {hint}")) from None
    except requests.RequestException as error:
        raise UserError(refusal(name, f"{url}: {type(error).__name__}")) from None
    if status >= 400 and status not in NO_HEAD_REQUESTS:
        raise UserError(refusal(name, f"{url}: HTTP status {status}"))


def refusal(name: str, reason: str) -> str:
    """Say that a dataset cannot be downloaded, why, and what to do."""
    return (
        f"{name}: cannot be downloaded ({reason}); connect to the internet and run again, or put "
        f"the official files into <folder>/{name} and set {official_files.MIRROR}=<folder>"
    )


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or what it is called."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]

"""The machine's limits: counted in the right unit, and found again for the same machine only."""

import time
from pathlib import Path

from bench import limits, machine, results
from bench.results import Measurement


def test_a_copy_counts_the_bytes_read_and_written() -> None:
    count = 2**24
    started = time.perf_counter()
    rate = limits.copy_rate(0.0, count)
    elapsed = time.perf_counter() - started
    assert rate >= 2 * count / elapsed / 1e9  # one pass of all that took this long


def test_a_limit_is_found_again_on_the_same_machine(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert limits.noted(None, limits.PRODUCT) is None
    assert limits.noted(file, limits.PRODUCT) is None
    found = Measurement(limits.PART, limits.PRODUCT, "GFLOP/s", "more", {limits.SIDE: [5.0, 7.0]})
    results.put(file, [found], machine.description() | {"commit": "another"})
    assert limits.noted(file, limits.PRODUCT) == 7
    assert limits.noted(file, limits.COPY) is None
    results.put(file, [found], machine.description() | {"cores": 1000})
    assert limits.noted(file, limits.PRODUCT) is None

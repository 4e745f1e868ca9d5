"""The benches' results as text: one table, what is missing from it, and the machines."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.results import LIMITS, MACHINE, PROJECT, Measurement, compare

# Of a machine's description what differs from one measurement to the next.
PASSING = ("commit", "changed", "date", "others")
HEAD = ("part", "case", "project", "best peer", "", "times better (by round)", "by CPU time",
        "goal", "", "of the machine's limit")  # fmt: skip
VERDICTS = {True: "met", False: "MISSED", None: ""}

Rows = Sequence[tuple[Measurement, Mapping[str, Any]]]


def text_of(rows: Rows) -> str:
    """Return all of a results file as text.

    Args:
        rows: measurements, each with its machine's description, as `results.get` returns them.
    """
    machines = numbered(rows)
    several = len(machines) > 1
    lines = [
        (*cells(measurement), f"[{_number_of(machine, machines)}]" if several else "")
        for measurement, machine in rows
        if measurement.part != LIMITS
    ]
    blocks = [
        "\n".join(aligned([(*HEAD, "machine" if several else ""), *lines])),
        "\n".join(_notes(rows)),
        "\n".join(_absences(rows)),
        *(_machine(number, machine, rows, machines) for number, machine in machines.items()),
    ]
    return "\n\n".join(block for block in blocks if block)


def cells(measurement: Measurement) -> tuple[str, ...]:
    """Return a measurement's line of the table, a text a column."""
    compared = compare(measurement)
    verdict = VERDICTS[compared.met]
    if measurement.goal is not None and compared.met is None:
        verdict = "no peer"
    return (
        measurement.part,
        measurement.case,
        _value(compared.ours, measurement.unit),
        _value(compared.theirs, measurement.unit),
        compared.peer or "",
        _ratio(compared.ratio, compared.spread),
        _ratio(compared.cpu_ratio, compared.cpu_spread),
        f"{measurement.goal:.2f}" if measurement.goal is not None else "",
        verdict,
        ", ".join(f"{share:.0%} of {name}" for name, share in measurement.shares.items()),
    )


def lines(measurement: Measurement) -> list[str]:
    """Return a measurement as its bench prints it: how it compares, then a line per side."""
    indented = [
        f"    {name:28} {number(statistics.median(values)):>9} {measurement.unit} "
        f"({number(min(values))} to {number(max(values))})"
        for name, values in measurement.sides.items()
        if len(values) > 1
    ] + [f"    {name:28} {'–':>9} {reason}" for name, reason in measurement.absent.items()]
    if measurement.note:
        indented.append(f"    {measurement.note}")
    return ["  ".join(filter(None, cells(measurement))), *indented]


def aligned(lines: Iterable[Sequence[str]]) -> list[str]:
    """Return lines of text in columns as wide as they need."""
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True) if width)
        .rstrip()
        for line in lines
    ]  # fmt: skip


def number(value: float) -> str:
    """Return a value with three digits, or all before the point."""
    for least, decimals in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= least:
            return f"{value:,.{decimals}f}"
    return f"{value:.3g}"


def numbered(rows: Rows) -> dict[int, dict[str, Any]]:
    """Return each different machine (PASSING apart) by a number from 1."""
    machines: list[dict[str, Any]] = []
    for _, machine in rows:
        if (bare := _lasting(machine)) not in machines:
            machines.append(bare)
    return dict(enumerate(machines, 1))


def _lasting(machine: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in machine.items() if name not in PASSING}


def _number_of(machine: Mapping[str, Any], machines: Mapping[int, dict[str, Any]]) -> int:
    bare = _lasting(machine)
    return next(number for number, each in machines.items() if each == bare)


def _ratio(ratio: float | None, spread: tuple[float, float] | None) -> str:
    if ratio is None or spread is None:
        return ""
    low, high = spread
    return f"{ratio:.2f}" + (f" ({low:.2f} to {high:.2f})" if low < high else "")


def _value(value: float | None, unit: str) -> str:
    return "" if value is None else f"{number(value)} {unit}"


def _notes(rows: Rows) -> list[str]:
    """What a reader has to know, once for all cases of a part that share it."""
    cases: dict[tuple[str, str], list[str]] = {}
    for measurement, _ in rows:
        if measurement.note and measurement.part != LIMITS:
            cases.setdefault((measurement.part, measurement.note), []).append(measurement.case)
    return [f"{part}, {_listed(names)}: {note}" for (part, note), names in cases.items()]


def _absences(rows: Rows) -> list[str]:
    cases: dict[tuple[str, str, str], list[str]] = {}
    for measurement, _ in rows:
        absent = dict(measurement.absent)
        if not measurement.sides.get(PROJECT) and measurement.part != LIMITS:
            absent.setdefault(PROJECT, "nothing was measured")
        for peer, reason in absent.items():
            cases.setdefault((peer, measurement.part, reason), []).append(measurement.case)
    return [
        f"absent: {peer} ({part}, {_listed(names)}): {reason}"
        for (peer, part, reason), names in cases.items()
    ]


def _listed(names: Sequence[str], most: int = 4) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _machine(
    number_: int, machine: Mapping[str, Any], rows: Rows, machines: Mapping[int, dict[str, Any]]
) -> str:
    """A machine, its limits, and which parts were measured on it at which commit."""
    ours = [(m, each) for m, each in rows if _number_of(each, machines) == number_]
    memory = machine.get("memory_gib")
    hardware = [
        machine.get("cpu") or "unknown processor",
        ", ".join(machine.get("instructions") or []),
        f"{machine.get('cores')} cores",
        f"{memory} GiB" if memory else "",
        *(machine.get("gpus") or []),
        machine.get("system") or "",
    ]
    versions = {"Python": machine.get("python"), **(machine.get("libraries") or {})}
    mark = f"[{number_}] " if len(machines) > 1 else ""
    lines = [
        f"{mark}machine: {'; '.join(filter(None, hardware))}",
        f"  versions: {', '.join(f'{name} {v}' for name, v in versions.items() if v)}",
    ]
    lines += [
        f"  limit: {m.case}: {number(max(m.sides[MACHINE]))} {m.unit}"
        for m, _ in ours
        if m.part == LIMITS and m.sides.get(MACHINE)
    ]
    commits: dict[str, dict[str, list[float]]] = {}
    for measurement, each in ours:
        busy = commits.setdefault(_commit(each), {}).setdefault(measurement.part, [])
        busy += [each["others"]] if "others" in each else []
    return "\n".join(
        [
            *lines,
            *(
                f"  at {commit}: {', '.join(part + _others(busy) for part, busy in of.items())}"
                for commit, of in commits.items()
            ),
        ]
    )


def _others(busy: Sequence[float]) -> str:
    """How many cores others kept busy, where it is known."""
    return f" (others on {min(busy):.1f} to {max(busy):.1f} cores)" if busy else ""


def _commit(machine: Mapping[str, Any]) -> str:
    commit = machine.get("commit")
    if not commit:
        return "no commit"
    changed, date = machine.get("changed"), machine.get("date")
    return f"commit {commit[:12]}{' with changes' if changed else ''}{f', {date}' if date else ''}"

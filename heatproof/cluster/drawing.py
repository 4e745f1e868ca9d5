"""What a run on a cluster looks like, as text: a table that stands, or a line for each event."""

from collections.abc import Iterable, Mapping, Sequence

from heatproof.cluster.standing import (
    RESTORED,
    Board,
    Ended,
    Event,
    Failed,
    How,
    Planned,
    Retried,
    Row,
    Started,
    pace,
    seconds_left,
    time_left,
)
from heatproof.statistics.numbers import NOTHING, duration, plural, printable, rough_duration


def summary(board: Board, now: float, left: float | None = None) -> str:
    """Say in a line how far the run is. left: as `seconds_left` gives it.

    Of a task that takes longer than was expected nobody knows how much: the time left is then told
    as the least.
    """
    counted = [f"{board.count('done'):,} of {len(board.rows):,} done"]
    for status in ("running", "waiting", "failed", "blocked"):
        if number := board.count(status):
            counted.append(f"{number:,} {status}")
    time = duration(max(0.0, now - board.began))
    if left is not None:
        scale = pace(board)
        running = [row for row in board.rows.values() if row.status == "running"]
        late = any(time_left(row, now, scale) is None for row in running)
        time += f", {'at least ' if late else ''}{rough_duration(left)} left"
    return f"{', '.join(counted)}; {time}"


# The columns, and those that go first where the terminal is narrow.
_COLUMNS = ("cell", "stage", "node", "state", "elapsed", "left")
_NARROWING = ("elapsed", "node", "left")
_GAP = "  "
_COLOURS = {"failed": "31", "again": "33", "running": "32"}


def table(
    board: Board,
    now: float,
    width: int,
    height: int,
    colour: bool = False,
    left: float | None = None,
    dashboard: str = "",
) -> str:
    """Return the table of what runs and what failed, and below it how far all is.

    Args:
        board: of the run.
        now: the time.
        width: of the terminal; no line is longer.
        height: of the terminal; there are fewer lines.
        colour: whether states are coloured.
        left: seconds, as `seconds_left` gives them.
        dashboard: the address of Ray's, if it runs.
    """
    shown = [(n, r) for n, r in board.rows.items() if r.status == "running"]
    shown += [(n, r) for n, r in board.rows.items() if r.status == "failed"]
    below = [summary(board, now, left), *([f"Ray's dashboard: {dashboard}"] if dashboard else [])]
    room = max(1, height - len(below) - 3)  # the head, what is left out, the cursor's line
    scale = pace(board)
    lines = [_cells(name, row, now, scale) for name, row in shown[:room]]
    if len(shown) > room:
        below.insert(0, f"and {len(shown) - room:,} more")
    drawn = _drawn(lines, width)
    if colour:
        drawn[1:] = map(_coloured, drawn[1:], (row for _, row in shown[:room]))
    return "\n".join([*drawn, *(_cut(line, width) for line in below)])


def log_line(board: Board, event: Event, left: float | None = None) -> str:
    """Return an event as a line of a log, with how far the run is; "" for one only planned."""
    text = told(board, event)
    if isinstance(event, Planned):
        return text
    return f"{text} [{summary(board, event.at, left)}]"


def told(board: Board, event: Event) -> str:
    """Return what happened, in a line; "" for a task that is only planned."""
    row = board.rows[event.task]
    match event:
        case Planned():
            return ""
        case Started():
            again = f" ({_ordinal(row.tries)} try)" if row.tries > 1 else ""
            return f"{event.task} started on {printable(event.node)}{again}"
        case Retried():
            return f"{event.task} is tried again: {printable(event.why)}"
        case Ended():
            took = "" if row.began is None else f" in {duration(event.at - row.began)}"
            return f"{event.task} done{took}{'' if event.ran else f' ({RESTORED})'}"
        case Failed():
            where = f" on {printable(row.node)}" if row.node else ""
            return f"error: {event.task} failed{where}: {printable(event.line)}"


def ending(board: Board, again: str, interrupted: bool) -> str:
    """Say how a run ended, and what to do next; empty where all went well.

    Args:
        board: of the run.
        again: the command that resumes it.
        interrupted: by Ctrl-C.
    """
    failed = [name for name, row in board.rows.items() if row.status == "failed"]
    lines = [f"error: {name}: {printable(board.rows[name].note)}" for name in failed]
    if failed and (blocked := board.count("blocked")):
        lines.append(f"{plural(blocked, 'task')} that needed them did not run")
    if interrupted:
        count = len(board.rows)
        lines.append(
            f"interrupted with {board.count('done'):,} of {plural(count, 'task')} done"
            f"{_running(board)}. Completed tasks and the trainings' checkpoints are saved: "
            f"`{again}` resumes from here"
        )
    elif failed:
        lines.append(f"Completed tasks are saved: `{again}` resumes from here")
    return "\n".join(lines)


def overview(board: Board, how: How, now: float, width: int, again: str) -> str:
    """Return how a run stands for who asks: what runs where, what failed, is done and waits.

    Args:
        board: of the run.
        how: it ended, or `running`.
        now: the time; of a run that ended, when it did.
        width: of the terminal.
        again: the command that resumes the run.
    """
    heads = {
        "running": "A run is in progress.",
        "done": "The last run is done.",
        "failed": "The last run ended with errors.",
        "interrupted": "The last run was interrupted.",
        "killed": "The last run was killed.",
    }
    lines = [heads[how]]
    by_status: dict[str, list[str]] = {}
    for name, row in board.rows.items():
        by_status.setdefault(row.status, []).append(name)
    if how == "running" and "running" in by_status:
        scale = pace(board)
        cells = [_cells(name, board.rows[name], now, scale) for name in by_status["running"]]
        lines += ["", *_drawn(cells, width), ""]
    elif "running" in by_status:
        lines.append(f"at work then: {_listed(by_status['running'])}")
    lines += [f"failed: {n}: {printable(board.rows[n].note)}" for n in by_status.get("failed", ())]
    for status, words in (("done", "done"), ("waiting", "waiting"), ("blocked", "cannot run")):
        if names := by_status.get(status):
            lines.append(f"{words}: {_listed(names)}")
    left = seconds_left(board, now) if how == "running" else None
    lines.append(summary(board, now, left))
    if how in ("failed", "interrupted", "killed"):
        lines.append(f"`{again}` resumes from here")
    return "\n".join(lines)


def _listed(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _running(board: Board) -> str:
    names = [name for name, row in board.rows.items() if row.status == "running"]
    return f", at work on {_listed(names)}" if names else ""


def _cells(name: str, row: Row, now: float, scale: float) -> dict[str, str]:
    """Return a task's line of the table, a text for each column."""
    stage, _, key = name.partition("@")
    state = row.status
    if row.tries > 1 and row.status == "running":
        state = f"running, {_ordinal(row.tries)} try"
    spent = None if row.began is None else (row.ended or now) - row.began
    left = time_left(row, now, scale)
    return {
        "cell": key or NOTHING,
        "stage": stage,
        "node": printable(row.node) if row.node else NOTHING,
        "state": state,
        "elapsed": NOTHING if spent is None else _clock(spent),
        "left": NOTHING if left is None else _clock(left),
    }


def _drawn(lines: Sequence[Mapping[str, str]], width: int) -> list[str]:
    """Return the head and the lines in columns, fewer of them where they would not fit."""
    columns = list(_COLUMNS)
    for dropped in ("", *_NARROWING):
        if dropped:
            columns.remove(dropped)
        widths = {c: max([len(c), *(len(line[c]) for line in lines)]) for c in columns}
        if sum(widths.values()) + len(_GAP) * (len(columns) - 1) <= width:
            break
    heads: Iterable[Mapping[str, str]] = ({c: c for c in columns}, *lines)
    return [_cut(_GAP.join(_aligned(line[c], c, widths[c]) for c in columns), width)
            for line in heads]  # fmt: skip


def _aligned(text: str, column: str, width: int) -> str:
    return text.rjust(width) if column in ("elapsed", "left") else text.ljust(width)


def _coloured(line: str, row: Row) -> str:
    """Colour a line by how its task stands; of no width."""
    kind = "again" if row.status == "running" and row.tries > 1 else row.status
    return f"\x1b[{_COLOURS[kind]}m{line}\x1b[0m" if kind in _COLOURS else line


def _cut(line: str, width: int) -> str:
    line = line.rstrip()
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"


def _clock(seconds: float) -> str:
    """Return a duration as a clock counts it: `0:07`, `12:00`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

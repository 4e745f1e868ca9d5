"""What the bench of the report weighs, and when it says that a goal is missed."""

from pathlib import Path

from bench.report import Figure, sizes, weight


def site(folder: Path) -> Path:
    (folder / "cells").mkdir()
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(b"x" * 1000)
    twice = '<img src="../images/a.png"><image href="../images/a.png"/>'
    page = f'<link href="data:image/svg+xml,%3C">{twice}'
    (folder / "cells" / "a.html").write_text(page)
    (folder / "cells" / "b.html").write_text("y" * 500)
    (folder / "index.html").write_text("z")
    return folder


def test_a_page_weighs_its_pictures_once(tmp_path: Path) -> None:
    page = site(tmp_path) / "cells" / "a.html"
    assert weight(page) == page.stat().st_size + 1000


def test_the_largest_page_is_so_with_its_pictures(tmp_path: Path) -> None:
    figures, largest = sizes(site(tmp_path), 16)
    assert largest.name == "a.html"
    assert not any(figure.missed for figure in figures)


def test_more_cells_may_weigh_more(tmp_path: Path) -> None:
    figures, _ = sizes(site(tmp_path), 40)
    assert figures[-1].goal == 100


def test_a_goal_is_met_up_to_it() -> None:
    assert not Figure("", [3.0, 2.0], 2.0, "MB").missed
    assert Figure("", [2.01], 2.0, "MB").missed

"""README and docs/ say what works: commands are accepted, parameters valid, links lead somewhere.

Commands are parsed by what would run them, not run: that they do what they say is what the other
tests are for. Python is run (`test_python`).
"""

import re
from pathlib import Path

import pytest
import yaml

from heatproof.cli import COMMANDS
from heatproof.config import params
from tests import overlay
from tests.documentation import commands
from tests.documentation.blocks import Block, blocks, inline_code, of_page, pages
from tests.scratch import ROOT, real_params
from tools.reference import make_targets
from tools.reference.pages import PAGES

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def test_every_block_says_its_language_and_an_unchecked_one_why() -> None:
    for block in blocks():
        assert block.language in ("bash", "python", "yaml", "text"), block
        assert not block.reason or len(block.reason.split()) > 2, block


@pytest.mark.parametrize("block", [b for b in blocks("bash") if not b.reason], ids=str)
def test_commands_would_be_accepted(block: Block) -> None:
    assert commands.check(block.text) > 0


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if not b.reason], ids=str)
def test_parameters_are_valid(block: Block, tmp_path: Path) -> None:
    content = overlay.merged(real_params(), yaml.safe_load(block.text))
    overlay.write(tmp_path / "params.yaml", content)
    params.load(tmp_path / "params.yaml")


def test_commands_within_the_text_exist() -> None:
    options = {"COMMAND", "--help", "--version"}
    known = {"make": {*make_targets.targets()}, "heatproof": {*COMMANDS, *options}}
    named = [
        (page, words)
        for page, code in inline_code()
        if len(words := code.split()) > 1 and words[0] in known
    ]
    assert len(named) > 20
    for page, (program, name, *_) in named:
        assert name in known[program], f"{page}: {program} {name}"


def test_links_of_pages_lead_to_files() -> None:
    """Of README too, which MkDocs does not read."""
    made = {ROOT / "docs" / path for path in PAGES}
    for page in pages():
        for link in _LINK.findall(page.read_text("utf-8")):
            target = (page.parent / link).resolve()
            assert target.exists() or target in made, f"{page.relative_to(ROOT)}: {link}"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("make dmeo", "no such target"),
        ("make demo COLOUR=1", "no COLOUR"),
        ("make repro TARGET=trian@simple_cnn-mnist", "no such stage"),
        ("make verify CELL=simple_cnn-minst", "no such stage, cell"),
        ("cd demo && heatproof rerun", "no such command"),
        ("heatproof new birds --pictures ../photos", "--pictures"),
        ("heatproof new birds --images ../photos --models resnet19", "no such model"),
        ("heatproof repro train@resnet19-mnist", "no such stage"),
        ("dvc exp run -S models.baseline_cnn.network.strides=2", "no such key"),
        ("dvc exp shwo", "shwo"),
        ("dvc repro evaluate@nothing", "no such stage"),
        ("python -m tools.nothing", "no such module"),
        (".venv/bin/pip install -r requirements-nothing.txt", "no such file"),
        ("A=1 frobnicate", "frobnicate: what would accept it"),
    ],
)
def test_a_wrong_command_is_refused(script: str, told: str) -> None:
    with pytest.raises(commands.WrongCommandError, match=told):
        commands.check(script)


def test_blocks_are_found_with_their_marks(tmp_path: Path, monkeypatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "A\n\n  ```bash\n  make x\n  ```\n<!-- not checked: as it is -->\n```python\n1\n```\n"
    )
    monkeypatch.setattr("tests.documentation.blocks.ROOT", tmp_path)
    assert list(of_page(page)) == [
        Block("page.md", 3, "bash", "make x\n"),
        Block("page.md", 7, "python", "1\n", "as it is"),
    ]

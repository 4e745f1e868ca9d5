"""The pages of the reference that are made from records, parsers, the Makefile and dvc.yaml."""

import argparse
import re

import pytest

from heatproof.attribution import registry
from heatproof.cli import COMMANDS
from heatproof.trust.controls import CONTROLS
from heatproof.trust.registry import MEASURES
from tests.scratch import ROOT
from tools.reference import commands, glossary, make_targets, measures, methods, parsers
from tools.reference.markdown import text


@pytest.fixture(scope="module")
def made() -> dict[str, argparse.ArgumentParser]:
    return parsers.of_commands()


def test_every_command_and_every_option_says_what_it_does(made) -> None:
    assert list(made) == list(COMMANDS)
    for name, parser in made.items():
        assert parser.prog == f"heatproof {name}", "as its user calls it"
        assert parser.description, name
        for action in commands.arguments(parser):
            assert len(commands.explained(parser, action).split()) > 1, (name, action.dest)


def test_a_command_is_listed_with_its_options() -> None:
    page = commands.page()
    assert "\n## heatproof repro { #repro }\n\nRun the study." in page
    assert "`--jobs JOBS`\n:   Cells at a time (default: 1).\n" in page
    cluster = page.partition("## heatproof cluster")[2].partition("\n## ")[0]
    assert "\n`status`\n:   Say what runs where" in cluster, "commands of a command's own"
    assert (
        cluster.index("\n`run`\n")
        < cluster.index("\n`ADDRESS | TARGET`\n")
        < cluster.index("`status`")
    )
    assert "SUPPRESS" not in page
    assert "| `evaluate@<run>` | Measure \\<run\\> on the test set |" in page


def test_a_program_that_reads_no_command_line_is_not_run() -> None:
    ran = []
    with pytest.raises(TypeError, match="reads no command line"):
        parsers._made_by(lambda: ran.append(1))
    assert ran, "it says so, where a main would go on"


def test_every_method_measure_and_control_is_described() -> None:
    page = methods.page()
    for name, method in registry.methods().items():
        assert f"### {text(method.label)} {{ #{name} }}" in page
        assert text(method.definition) in page
        assert f"```text\n{method.equation}\n```" in page
    page = measures.page()
    for name, measure in MEASURES.items():
        assert f"### {text(measure.label)} {{ #{name} }}" in page
    assert all(text(control.meaning) in page for control in CONTROLS.values())


def test_the_glossary_has_every_term_of_the_reports() -> None:
    template = (ROOT / "heatproof/report/templates/glossary.html").read_text("utf-8")
    terms = set(re.findall(r'call term\("([^"]+)", "', template))
    page = glossary.page()
    assert terms <= set(re.findall(r"^### .* \{ #(\S+) \}$", page, re.MULTILINE))
    assert not re.search(r"(?<!\\)<", page), "no HTML is left"


def test_make_targets_are_those_of_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    assert set(make_targets.targets()) == phony
    assert "| `make docs` |" in make_targets.page()


def test_text_is_not_taken_for_markup() -> None:
    assert text("A^k_ij * <b> [x] | `a_b` $1") == r"A\^k\_ij \* \<b\> \[x\] \| `a_b` \$1"
    assert text("see https://a.b/c_d.") == "see <https://a.b/c_d>."
    assert text("arXiv:1706.04599.") == "[arXiv:1706.04599](https://arxiv.org/abs/1706.04599)."
    assert text("doi:10.1/a_b, and") == "[doi:10.1/a_b](https://doi.org/10.1/a_b), and"

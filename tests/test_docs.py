"""What is written about the rules is what the rules say, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.cluster.agreement import table
from tests.conftest import ROOT, QtValidate
from validator.report.rules import markdown
from validator.rule import discover

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_rules_page_is_up_to_date() -> None:
    assert (ROOT / "docs/rules.md").read_text() == markdown(discover()), "run `make docs`"


def test_agreement_page_is_up_to_date() -> None:
    assert (ROOT / "docs/agreement.md").read_text() == table(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)", text, re.M)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_readme_names_only_options_that_exist(qt_validate: QtValidate) -> None:
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / "README.md").read_text()))
    shown = "".join(qt_validate(*command, "--help").out for command in ((), ("blame",), ("affected",)))
    assert {option for option in options if option not in shown} == set()

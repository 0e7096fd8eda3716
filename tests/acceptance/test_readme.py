"""What the README and the quickstart tell people to type works, on the files of a small simulated city."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.acceptance.installation import FILES, Installation

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ".venv/bin/gridroute"
BASE = "localhost:8321"


def commands(document: str) -> list[list[str]]:
    """Every command of the document's `sh` blocks, as words."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [command for block in blocks for command in _split(block)]


def _split(block: str) -> Iterator[list[str]]:
    """A quoted body may run over several lines."""
    open_lines: list[str] = []
    for line in block.splitlines():
        open_lines.append(line)
        try:
            words = shlex.split("\n".join(open_lines))
        except ValueError:  # a quotation is still open
            continue
        yield words
        open_lines = []
    assert not open_lines, block


def ask(client: httpx.Client, words: list[str]) -> httpx.Response:
    """Do what such a curl command does."""
    assert words[:2] == ["curl", "-s"]
    assert words[2].startswith(f"{BASE}/")
    path, rest = words[2].removeprefix(BASE), words[3:]
    if not rest:
        return client.get(path)
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    assert options["-H"] == "Content-Type: application/json"
    return client.post(path, json=json.loads(options["-d"]))


def requests(document: str, ticket_id: str) -> list[list[str]]:
    """Its curl commands, about a ticket of another id."""
    typed = (words for words in commands(document) if words[0] == "curl")
    return [[word.replace("T-1", ticket_id) for word in words] for words in typed]


def test_the_commands_for_own_data_work(
    installation: Installation, village_files: Path, tmp_path: Path
) -> None:
    shutil.copytree(village_files, tmp_path / "mydata")
    here = replace(installation, directory=tmp_path)
    typed = [words for words in commands("docs/quickstart.md") if words[0] == PROGRAM]
    asked = requests("docs/quickstart.md", "Q-1") + requests("README.md", "R-1")
    for words in typed:
        if words[1:] == ["serve"]:
            with here.serving(Path("gridroute-data")) as client:
                assert [ask(client, one).status_code // 100 for one in asked] == [2] * len(asked)
        else:
            here.run(*words[1:])
    assert [PROGRAM, "serve"] in typed
    assert len(asked) >= 6
    assert (tmp_path / "report" / "index.html").is_file()


def test_the_readme_has_no_command_that_the_quickstart_has_not() -> None:
    tried = commands("docs/quickstart.md")
    with_figures = [[*words, "--json", "figures.json"] for words in commands("README.md")]
    typed = [
        words if words in tried else longer
        for words, longer in zip(commands("README.md"), with_figures, strict=True)
        if words[0] == PROGRAM
    ]
    assert len(typed) >= 8
    assert [words for words in typed if words not in tried] == []


def test_everything_that_can_be_imported_is_in_the_readme() -> None:
    imported = [words[3] for words in commands("README.md") if words[:2] == [PROGRAM, "import"]]
    assert sorted(imported) == sorted(f"mydata/{name}" for name in FILES)


def test_the_first_two_commands_are_targets_and_the_packages_are_named() -> None:
    typed = commands("README.md")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [words for words in typed if words[0] == "make"] == [["make", "demo"], ["make", "test"]]
    assert {"demo", "test", "lint", "check", "bench"} <= set(targets)
    assert typed[0] == shlex.split("apt-get install python3 python3-venv git make libgomp1")


@pytest.mark.parametrize(
    "document", sorted(str(p.relative_to(ROOT)) for p in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
)
def test_every_link_leads_somewhere(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []

"""Every command explains itself and stands in the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from cli.main import app
from tests.acceptance.installation import Installation

ROOT = Path(__file__).resolve().parents[2]


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, groups too."""
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_explained(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120"})
    assert told.exit_code == 0
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    assert command.help
    assert [p.name for p in command.params if p.name != "help" and not getattr(p, "help", None)] == []


@pytest.mark.parametrize("words", [words for words in COMMANDS if words], ids=" ".join)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    call = f"gridroute {' '.join(words)}"
    assert [path.name for path in documents if call in path.read_text(encoding="utf-8")]


def test_the_installed_command_lists_them(installation: Installation) -> None:
    told = installation.run("--help")
    assert [words[0] for words in COMMANDS if len(words) == 1 and words[0] not in told] == []

"""The installed wheel, driven from outside as a person does: commands, files, HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

FILES = ("units.csv", "territories.geojson", "accounts.csv", "addresses.csv", "rules.toml", "history.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An environment that holds the wheel. Every command runs in `directory`, which is not the checkout."""

    programs: Path
    directory: Path

    def command(self, *words: str | Path) -> list[str]:
        """The `gridroute` command with these words."""
        return [str(self.programs / "gridroute"), *map(str, words)]

    def run(self, *words: str | Path, code: int = 0, env: Mapping[str, str] | None = None) -> str:
        """What the command prints; it must end with that exit code and without a traceback."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.directory,
            env={**os.environ, "COLUMNS": "200", **(env or {})},
            capture_output=True,
            text=True,
            timeout=300,
        )
        told = done.stdout + done.stderr
        assert done.returncode == code, told
        assert "Traceback" not in told
        return told

    def import_city(self, city: Path, home: Path) -> None:
        """Import all files of a simulated city."""
        for name in FILES:
            mapping: list[str | Path] = [] if name.endswith(".toml") else ["--mapping", city / "mapping.toml"]
            self.run("import", name.partition(".")[0], city / name, *mapping, "--home", home)

    @contextmanager
    def serving(self, home: Path) -> Iterator[httpx.Client]:
        """A client of a running `gridroute serve`, which must end well when it is told to."""
        command = self.command("serve", "--home", home, "--port", "0")
        with subprocess.Popen(command, cwd=self.directory, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
                assert found
                with httpx.Client(base_url=found[0], timeout=60, trust_env=False) as client:
                    yield client
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate()
        assert process.returncode == 0

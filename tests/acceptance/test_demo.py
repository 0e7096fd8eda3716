"""`gridroute demo` on a small city: from nothing to routed tickets, ended by Ctrl-C, used again."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation

SMALL = ("--accounts", "500", "--dispatches", "1000", "--pace", "0")


def test_a_demo_is_ended_by_ctrl_c_and_used_again(installation: Installation, tmp_path: Path) -> None:
    home = tmp_path / "demo"
    words = ("demo", "--home", home, *SMALL)
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        subprocess.Popen(
            installation.command(*words, "--port", str(taken.getsockname()[1]), "--tickets", "1000000"),
            cwd=installation.directory,
            env={**os.environ, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        port = taken.getsockname()[1]
        seen = []
        for line in process.stdout:
            seen.append(line)
            if len(seen) > 30:
                process.send_signal(signal.SIGINT)
                break
        rest, faults = process.communicate(timeout=120)
        told = "".join(seen)
    assert (process.returncode, faults) == (0, "")
    for stage in ("city", "import", "train", "register", "serve"):
        assert re.search(rf"^{stage} +\d+\.\d s  ", told, re.M)
    assert f":{port}/" not in told
    assert re.search(r"http://127\.0\.0\.1:\d+/readyz", told)
    assert re.search(r"^First ticket routed .*\n  the pages +http://127\.0\.0\.1:\d+/city", told, re.M)
    assert re.search(r"^(dispatch|review)", told, re.M)
    assert "MLflow holds the run" in rest

    console = (home / "console.log").read_text()
    assert "Traceback" not in console
    if told_at := re.search(r"gridroute console at (http://\S+),", console):  # begun, and ended with the demo
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(told_at[1].rpartition(":")[2])))

    again = installation.run(*words, "--port", "0", "--tickets", "3", "--no-console")
    assert "are used again" in again
    assert not re.search("^train", again, re.M)
    assert "3 tickets: " in again
    assert "the pages" not in again


def test_a_directory_that_holds_other_things_is_left_alone(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "letters.txt").write_text("dear all")
    told = installation.run("demo", "--home", tmp_path, *SMALL, "--tickets", "1", code=1)
    assert "holds other things than a demo" in told
    assert (tmp_path / "letters.txt").read_text() == "dear all"

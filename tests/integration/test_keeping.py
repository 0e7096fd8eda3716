"""What a serving process learns is kept for the next start, by a process of its own."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cli.keeping import Keeper, command
from cli.workspace import Workspace
from router import folding
from router.live import LiveWorld
from store.derived_files import DerivedFiles
from store.sql import open_store
from tests.serving import NOW, a_dispatch, furnish, furnished, no_bundle

ENOUGH = folding.LEAST_KEPT + 1


def learnt(live: LiveWorld, numbers: Iterable[int]) -> None:
    """The world has learnt that many more."""
    past = [a_dispatch(f"d{i}", ("north", "south")[i % 2], NOW + timedelta(hours=i)) for i in numbers]
    live._store.write(lambda session: session.append_dispatches(past))
    live.refresh()


def test_the_next_start_reads_what_was_learnt_while_serving(tmp_path: Path) -> None:
    workspace = Workspace(home=tmp_path).create()
    with closing(open_store(workspace.store_url)) as store:
        store.write(furnish)
        live = LiveWorld(store, no_bundle, derived=workspace.derived())
        with Keeper(command(workspace), live) as keeper:
            learnt(live, range(ENOUGH - 1))
            keeper.look()
            assert not list(tmp_path.rglob("*.history"))
            learnt(live, [ENOUGH])
            keeper.look()
        assert live.standing.kept == ENOUGH
        again = LiveWorld(store, no_bundle, derived=workspace.derived())
        (kept,) = workspace.derived().histories(again.world.atlas, again.world.history.schema)
        assert kept.count == again.standing.kept == ENOUGH


def a_script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_one_that_fails_is_told_and_not_followed_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveWorld(furnished(), no_bundle, derived=DerivedFiles(tmp_path))
    begun = tmp_path / "begun"
    keeper = Keeper(a_script(f"open({str(begun)!r}, 'a').write('x'); raise SystemExit(3)"), live)
    learnt(live, range(ENOUGH))
    keeper.look()
    assert "exit code 3" in caplog.text
    keeper.look()
    learnt(live, range(ENOUGH, 2 * ENOUGH - 1))
    keeper.look()
    assert begun.read_text() == "x"
    learnt(live, [2 * ENOUGH])
    keeper.look()
    assert begun.read_text() == "xx"


def test_one_that_cannot_be_started_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    live = LiveWorld(furnished(), no_bundle)
    learnt(live, range(ENOUGH))
    Keeper(["/nowhere/gridroute"], live).look()
    assert "could not be kept" in caplog.text


def test_it_ends_with_the_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = LiveWorld(furnished(), no_bundle)
    learnt(live, range(ENOUGH))
    begun = tmp_path / "begun"
    script = f"import time; open({str(begun)!r}, 'w').close(); time.sleep(600)"
    with Keeper(a_script(script), live) as keeper:
        looking = threading.Thread(target=keeper.look)
        looking.start()
        until = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
    looking.join(60)
    assert not looking.is_alive()
    assert not caplog.text
    keeper.look()
    learnt(live, range(ENOUGH, 3 * ENOUGH))
    keeper.look()  # nothing is begun any more
    assert begun.stat().st_size == 0

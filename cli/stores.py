"""The workspace's store, for commands that look after what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.workspace import Workspace

if TYPE_CHECKING:
    from router.ports import Store


@contextmanager
def opened_store(home: Path) -> Iterator[Store]:
    """The store of that home while the context is open. Raises NotFound where there is none."""
    from domain.errors import NotFound
    from store.sql import open_store

    workspace = Workspace.of(home)
    if not workspace.has_store:
        raise NotFound(kind="store", key=workspace.store_name)
    store = open_store(workspace.store_url)
    try:
        yield store
    finally:
        store.close()

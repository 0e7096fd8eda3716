"""One serving process a store file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import StoreLocked, StoreUnavailable


@contextmanager
def serve_lock(path: Path) -> Iterator[None]:
    """Hold the store file's serving lock; the system frees it when the process ends, however it ends.

    Raises StoreLocked when another process has it.
    """
    store = path.resolve()  # two names of one file are one store
    holder = _open(store.with_name(f"{store.name}.lock"))
    try:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked(store, os.pread(holder, 32, 0).decode().strip()) from None
        os.ftruncate(holder, 0)
        os.pwrite(holder, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(holder)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreUnavailable(
            problem=f"{path}: {error.strerror}",
            mend="Make the directory, and give this user the right to write there",
        ) from error


def _locked(store: Path, pid: str) -> StoreLocked:
    return StoreLocked(
        problem=f"{store} is already served by process {pid or 'unknown'}",
        mend=f"Use that one, stop it ({f'kill {pid}' if pid else 'then start this again'}), or name another --home",
    )

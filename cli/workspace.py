"""Where an installation keeps its things."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from router.atlas_building import Report
    from store.derived_files import DerivedFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A directory with the store, the model bundles and the local MLflow tracking store.

    `shared_store`: the URL of a database server, which several machines share in place of the file.
    """

    home: Path
    shared_store: str | None = None

    @classmethod
    def of(cls, home: Path) -> Workspace:
        """The installation that keeps its things there, with the store that GRIDROUTE_STORE names, if it does."""
        return cls(home=home, shared_store=os.environ.get(STORE_VARIABLE) or None)

    @property
    def store_file(self) -> Path:
        """File of the embedded store."""
        return self.home / "gridroute.db"

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.shared_store or f"sqlite:///{self.store_file}"

    @property
    def store_name(self) -> str:
        """What a person calls the store: its file, or its URL without the password."""
        if self.shared_store is None:
            return str(self.store_file)
        from store.engines import parse_url

        return parse_url(self.shared_store).render_as_string(hide_password=True)

    @property
    def has_store(self) -> bool:
        """Whether there is one to open; a shared one is made when it is first opened."""
        return self.shared_store is not None or self.store_file.is_file()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The right to serve the store: of one process where it is a file, of any number where it is shared.

        Raises StoreLocked.
        """
        from store.locking import serve_lock

        with nullcontext() if self.shared_store else serve_lock(self.store_file):
            yield

    @property
    def bundles(self) -> Path:
        """Directory of model bundles, one directory each, named by digest."""
        return self.home / "bundles"

    def derived(self, report: Report | None = None) -> DerivedFiles:
        """What is worked out from the store, in files that are made when they are first needed."""
        from store.derived_files import DerivedFiles

        return DerivedFiles(self.home / "derived", report)

    @property
    def has_mlflow(self) -> bool:
        """Whether a training here was told to MLflow."""
        return (self.home / "mlflow.db").is_file()

    @property
    def mlflow_uri(self) -> str:
        """Tracking and registry URI of the local MLflow."""
        return f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def mlflow_artifacts(self) -> Path:
        """Where the local MLflow keeps its artifacts."""
        return self.home / "mlflow-artifacts"

    def create(self) -> Workspace:
        """Make the directory where it is missing."""
        self.home.mkdir(parents=True, exist_ok=True)
        return self


HomeOption = Annotated[
    Path,
    typer.Option("--home", envvar="GRIDROUTE_HOME", help="Directory of the store, bundles and MLflow data."),
]
STORE_VARIABLE = "GRIDROUTE_STORE"
DEFAULT_HOME = Path("gridroute-data")

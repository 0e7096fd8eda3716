"""Where an installation keeps its things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from router.atlas_building import Report
    from store.atlases import AtlasFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A directory with the store, the model bundles and the local MLflow tracking store."""

    home: Path

    @property
    def store_file(self) -> Path:
        """File of the embedded store."""
        return self.home / "gridroute.db"

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the embedded store."""
        return f"sqlite:///{self.store_file}"

    @property
    def bundles(self) -> Path:
        """Directory of model bundles, one directory each, named by digest."""
        return self.home / "bundles"

    def atlases(self, report: Report | None = None) -> AtlasFiles:
        """What is known of places, in files that are built when they are first needed."""
        from store.atlases import AtlasFiles

        return AtlasFiles(self.home / "atlases", report)

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
DEFAULT_HOME = Path("gridroute-data")

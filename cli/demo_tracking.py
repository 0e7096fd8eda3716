"""MLflow hears of the demo's training in the background: its import and its first database take a while."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cli.workspace import Workspace

if TYPE_CHECKING:
    from router.ports import Store
    from training.results import TrainingResult


class Tracked:
    """The recording of one training. `outcome` is a line for people, None while it goes on."""

    def __init__(self, workspace: Workspace, store: Store, result: TrainingResult) -> None:
        self._workspace = workspace
        self._store = store
        self._result = result
        self._thread = threading.Thread(target=self._record, name="gridroute-mlflow", daemon=True)
        self.outcome: str | None = None

    def start(self) -> None:
        """Begin, beside whatever else goes on."""
        self._thread.start()

    def finish(self) -> str:
        """Wait for the end; answers the outcome."""
        self._thread.join()
        return self.outcome or "MLflow could not be told of the training"

    def _record(self) -> None:
        from store.clock import utc_now
        from training.registering import Tracking, keep

        tracking = Tracking(uri=self._workspace.mlflow_uri, artifact_root=self._workspace.mlflow_artifacts)
        kept = keep(self._store, self._result, tracking=tracking, now=utc_now())
        known = f"MLflow holds the run and version {kept.record.mlflow_version} of the model"
        self.outcome = known if kept.untracked is None else str(kept.untracked)

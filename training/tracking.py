"""What MLflow is told: runs, pictures, model versions, aliases. Nothing depends on it; serving never imports it.

MLflow is imported inside the functions (seconds), with its telemetry off.
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import TrackingUnavailable
from training import curves
from training.results import TrainingResult

MODEL_NAME = "gridroute"
_MODEL_CODE = Path(__file__).with_name("pyfunc_model.py")
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its default keeps a command waiting for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """The MLflow run and the version of the registered model `gridroute` that a bundle became."""

    run_id: str
    model_version: str


def track(
    result: TrainingResult, *, tracking_uri: str, artifact_root: Path | None, experiment: str = "gridroute"
) -> Tracked:
    """Log a training as a run and register its bundle, once however often it is trained. Raises TrackingUnavailable.

    `artifact_root` is used when the experiment is made; None leaves the place to the tracking server.
    """
    with _connected(tracking_uri) as client:
        import mlflow

        experiment_id = _experiment(client, experiment, artifact_root)
        with mlflow.start_run(experiment_id=experiment_id, run_name=result.bundle_digest[:12]) as run:
            _log_facts(result)
            _log_pictures(result)
            model_version = _registered(client, result.bundle_digest) or _register(
                client, run.info.run_id, result
            )
        return Tracked(run_id=run.info.run_id, model_version=model_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRegistry:
    """The aliases of the registered model. Every method raises TrackingUnavailable where MLflow is away."""

    tracking_uri: str

    def aliases(self) -> Mapping[str, str]:
        """Alias → version; empty where nothing was ever registered."""
        with _connected(self.tracking_uri) as client:
            found = client.search_registered_models(filter_string=f"name = '{MODEL_NAME}'")
            return {alias: str(number) for model in found for alias, number in model.aliases.items()}

    def point(self, alias: str, model_version: str | None) -> None:
        """Let the alias name that version; None takes the alias away."""
        with _connected(self.tracking_uri) as client:
            if model_version is None:
                client.delete_registered_model_alias(MODEL_NAME, alias)
            else:
                client.set_registered_model_alias(MODEL_NAME, alias, model_version)


@contextmanager
def _connected(tracking_uri: str) -> Iterator[Any]:
    """A client, with the fluent functions on the same server meanwhile; MLflow's errors become ours."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        mlflow.set_tracking_uri(tracking_uri)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own deprecations, of no use to whoever trains
            yield mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    except (mlflow.MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        problem = textwrap.shorten(str(error).partition("\n")[0], 200, placeholder=" …")
        raise TrackingUnavailable(place=tracking_uri, problem=problem) from error
    finally:
        mlflow.set_tracking_uri(before)


def _experiment(client: Any, name: str, artifact_root: Path | None) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    location = None if artifact_root is None else artifact_root.resolve().as_uri()
    return str(client.create_experiment(name, artifact_location=location))


def _log_facts(result: TrainingResult) -> None:
    import mlflow
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    certificate = result.certificate
    mlflow.log_params({**result.parameters, "certificate.alpha": certificate.alpha})
    measured = {
        **result.metrics,
        "certificate.coverage": certificate.coverage,
        "certificate.rows": certificate.rows,
        "certificate.errors": certificate.errors,
        **{f"seconds.{step}": seconds for step, seconds in result.seconds.items()},
    }
    if certificate.threshold is not None:
        measured["certificate.threshold"] = certificate.threshold
    mlflow.log_metrics({name: float(value) for name, value in measured.items() if math.isfinite(value)})
    mlflow.set_tags({f"gridroute.{name}": value for name, value in _tags(result).items()})
    mlflow.log_dict(dict(result.importance), "importance.json")
    # MLflow keeps 36 characters of a dataset's digest; the whole one is a tag
    source = CodeDatasetSource(tags={"gridroute.data_digest": result.data_digest})
    mlflow.log_input(
        MetaDataset(source, name="dispatch-log", digest=result.data_digest[:32]), context="training"
    )


def _log_pictures(result: TrainingResult) -> None:
    """Each as SVG, which names everything in the reader's fonts, and as PNG, which any tool shows."""
    import mlflow

    if result.evaluation is None or not len(result.evaluation):
        return
    drawn = {
        "risk_coverage": curves.risk_coverage(result.evaluation),
        "reliability": curves.reliability(result.evaluation),
        "confusion_by_unit": curves.confusion(result.evaluation),
    }
    for name, figure in drawn.items():
        mlflow.log_text(curves.as_svg(figure), f"curves/{name}.svg")
    drawn["confusion_by_unit"] = curves.confusion(result.evaluation, label=curves.drawable)
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in drawn.items():
            Path(folder, f"{name}.png").write_bytes(curves.as_png(figure))
        mlflow.log_artifacts(folder, "curves")


def _log_model(bundle: Path) -> Any:
    """Models-from-code: the artifact holds the bundle's plain files and a source file, no pickle."""
    import mlflow

    from training.pyfunc_model import EXAMPLE, signature

    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(_MODEL_CODE),
        artifacts={"bundle": str(bundle)},
        signature=signature(),
        input_example=EXAMPLE,
        pip_requirements=[
            f"gridroute=={version('gridroute')}"
        ],  # given, or MLflow would load the model to guess
    )


def _registered(client: Any, bundle_digest: str) -> str | None:
    found = client.search_model_versions(f"name = '{MODEL_NAME}' and tags.bundle_digest = '{bundle_digest}'")
    return str(found[0].version) if found else None


def _register(client: Any, run_id: str, result: TrainingResult) -> str:
    model = _log_model(Path(result.bundle_path))
    if not client.search_registered_models(filter_string=f"name = '{MODEL_NAME}'"):
        client.create_registered_model(MODEL_NAME, description="Which unit owns a ticket")
    registered = client.create_model_version(
        MODEL_NAME, source=model.model_uri, run_id=run_id, model_id=model.model_id, tags=_tags(result)
    )
    return str(registered.version)


def _tags(result: TrainingResult) -> dict[str, str]:
    tags = {"bundle_digest": result.bundle_digest, "data_digest": result.data_digest}
    return tags | ({"missing": "; ".join(result.missing)} if result.missing else {})

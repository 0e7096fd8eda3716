"""A real MLflow on SQLite: what a training leaves there."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from domain.decisions import Decision
from domain.errors import TrackingUnavailable
from features.history import History
from models.bundle import load_bundle
from router.route import route
from router.world import World
from tests.bundles import tiny_bundle, training_result
from training.results import TrainingResult
from training.tracking import ModelRegistry, Tracked, track


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A tracked training and where it went."""

    uri: str
    artifacts: Path
    result: TrainingResult
    tracked: Tracked

    def again(self, result: TrainingResult) -> Tracked:
        """Track another training in the same MLflow."""
        return track(result, tracking_uri=self.uri, artifact_root=self.artifacts)

    def client(self) -> Any:
        """MLflow's own client, to look at what is there."""
        import mlflow

        return mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    home = tmp_path_factory.mktemp("office")
    uri, artifacts = f"sqlite:///{home / 'mlflow.db'}", home / "artifacts"
    result = training_result(tiny_bundle(home / "bundles"))
    return Office(
        uri=uri,
        artifacts=artifacts,
        result=result,
        tracked=track(result, tracking_uri=uri, artifact_root=artifacts),
    )


def test_a_run_holds_parameters_metrics_and_the_datas_digest(office: Office) -> None:
    run = office.client().get_run(office.tracked.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"trees": "5", "objective": "binary", "certificate.alpha": "0.01"}
    assert run.data.metrics["accuracy"] == pytest.approx(office.result.metrics["accuracy"])
    assert run.data.metrics["certificate.threshold"] == office.result.certificate.threshold
    assert run.data.tags["gridroute.data_digest"] == office.result.data_digest
    assert run.data.tags["gridroute.bundle_digest"] == office.result.bundle_digest
    assert [i.dataset.digest for i in run.inputs.dataset_inputs] == [office.result.data_digest[:32]]


def test_the_curves_are_pictures(office: Office) -> None:
    listed = {item.path for item in office.client().list_artifacts(office.tracked.run_id, "curves")}
    names = ("risk_coverage", "reliability", "confusion_by_unit")
    assert listed == {f"curves/{name}.{form}" for name in names for form in ("png", "svg")}
    pictures = list(office.artifacts.rglob("curves/*.png"))
    assert len(pictures) == 3
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_no_artifact_is_a_pickle(office: Office) -> None:
    files = [path for path in office.artifacts.rglob("*") if path.is_file()]
    assert any(path.name == "ranker.txt" for path in files)
    assert not [path for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".cloudpickle"}]
    # protocol 2 and later begin with \x80 and their number
    assert not [path for path in files if path.read_bytes()[:2] in {b"\x80%c" % n for n in range(2, 6)}]


@pytest.fixture
def model_uri(office: Office) -> Iterator[str]:
    """The registered version, while MLflow's global functions look at this office."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(office.uri)
    yield f"models:/gridroute/{office.tracked.model_version}"
    mlflow.set_tracking_uri(before)


def test_the_model_version_has_signature_example_and_digests(office: Office, model_uri: str) -> None:
    from mlflow.models import get_model_info

    registered = office.client().get_model_version("gridroute", office.tracked.model_version)
    assert registered.tags["bundle_digest"] == office.result.bundle_digest
    assert registered.run_id == office.tracked.run_id
    info = get_model_info(model_uri)
    assert info.signature.inputs.required_input_names() == ["ticket_id", "received_at"]
    assert info.signature.outputs.input_names() == ["verdict", "unit", "probability"]
    assert info.saved_input_example_info is not None
    assert "python_model" not in info.flavors["python_function"]


def _decided_here(office: Office, row: dict[str, Any]) -> Decision:
    from training.pyfunc_model import as_ticket

    bundle = load_bundle(Path(office.result.bundle_path))
    return route(as_ticket(row), World(history=History(bundle.schema), bundle=bundle))


def test_the_loaded_model_answers_as_route_does(office: Office, model_uri: str) -> None:
    import mlflow
    import pandas as pd

    loaded = mlflow.pyfunc.load_model(model_uri)
    example = loaded.input_example
    other = pd.DataFrame(
        [
            {
                "ticket_id": "t",
                "received_at": "2025-02-01T00:00:00+08:00",
                "text": "burst pipe, water on the road",
            }
        ]
    )
    for table in (example, other):
        answered = loaded.predict(table)
        for row, answer in zip(table.to_dict("records"), answered.to_dict("records"), strict=True):
            decision = _decided_here(office, row)
            assert (answer["verdict"], answer["unit"]) == (decision.verdict, decision.unit_id)
            assert math.isclose(answer["probability"], decision.probability or math.nan)
    assert loaded.predict(other)["unit"].tolist() == ["pipes"]


def test_the_same_bundle_is_registered_once_and_another_one_anew(office: Office, tmp_path: Path) -> None:
    assert office.again(office.result).model_version == office.tracked.model_version
    other = training_result(tiny_bundle(tmp_path, seed=1))
    assert office.again(other).model_version != office.tracked.model_version


def test_too_little_data_is_a_run_without_pictures(office: Office, tmp_path: Path) -> None:
    poor = replace(
        training_result(tiny_bundle(tmp_path, seed=2)),
        evaluation=None,
        metrics={"accuracy": math.nan},
        missing=("one unit only", "no category"),
    )
    tracked = office.again(poor)
    assert office.client().list_artifacts(tracked.run_id, "curves") == []
    run = office.client().get_run(tracked.run_id)
    assert "accuracy" not in run.data.metrics
    assert run.data.tags["gridroute.missing"] == "one unit only; no category"


def test_importance_is_kept(office: Office) -> None:
    (kept,) = office.artifacts.glob(f"{office.tracked.run_id}/artifacts/importance.json")
    assert json.loads(kept.read_text()) == office.result.importance


def test_aliases_are_set_and_taken_away(office: Office) -> None:
    registry = ModelRegistry(tracking_uri=office.uri)
    registry.point("champion", office.tracked.model_version)
    assert registry.aliases() == {"champion": office.tracked.model_version}
    registry.point("champion", None)
    assert registry.aliases() == {}


def test_a_broken_tracking_store_is_one_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is no database, but long enough to look like one " * 20)
    with pytest.raises(TrackingUnavailable) as caught:
        ModelRegistry(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}").aliases()
    assert "mlflow.db" in str(caught.value)

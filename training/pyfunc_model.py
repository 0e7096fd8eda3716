"""The bundle as an MLflow model, from code: MLflow copies this file beside the bundle and runs it to load the model.

For inspection and interchange, never for serving. It routes with the bundle alone: no dispatch history, units, rules,
territories or addresses, so it knows less of a ticket than the service does.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import ModelSignature, set_model
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, Schema

from domain.places import Point
from domain.tickets import Ticket
from features.history import History
from models.bundle import load_bundle
from router.route import route
from router.world import World

REQUIRED = ("ticket_id", "received_at")
TEXTS = ("text", "category", "account", "address", "attributes")
NUMBERS = ("latitude", "longitude")

EXAMPLE = pd.DataFrame(
    [
        {
            "ticket_id": "example-1",
            "received_at": "2025-01-06T08:30:00+00:00",
            "text": "Street light out\nThe lamp in front of number 12 has been dark for three nights",
            "category": "street light",
            "account": "000012",
            "address": "12 High Street",
            "attributes": '{"district": "North"}',
            "latitude": 31.2304,
            "longitude": 121.4737,
        }
    ]
)


def signature() -> ModelSignature:
    """A table of tickets in, (verdict, unit, probability) per ticket out."""
    inputs = [ColSpec("string", name) for name in REQUIRED]
    inputs += [ColSpec("string", name, required=False) for name in TEXTS]
    inputs += [ColSpec("double", name, required=False) for name in NUMBERS]
    outputs = [
        ColSpec("string", "verdict"),
        ColSpec("string", "unit", required=False),
        ColSpec("double", "probability", required=False),
    ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def as_ticket(row: dict[str, Any]) -> Ticket:
    """A row of the table; a missing cell (None, NaN, no such column) is an unknown value."""
    known = {name: value for name, value in row.items() if not pd.isna(value)}
    point = Point(**{name: known[name] for name in NUMBERS}) if known.keys() >= set(NUMBERS) else None
    return Ticket(
        ticket_id=known["ticket_id"],
        received_at=datetime.fromisoformat(known["received_at"]),
        text=known.get("text", ""),
        category=known.get("category"),
        account=known.get("account"),
        address=known.get("address"),
        point=point,
        attributes=json.loads(known.get("attributes", "{}")),
    )


class TicketRouter(PythonModel):  # type: ignore[misc]  # MLflow has no types
    """Routes a table of tickets, each as if it were the first one ever."""

    def load_context(self, context: Any) -> None:
        """Load the bundle that the artifact carries; raises BundleDamaged where it is not what was registered."""
        bundle = load_bundle(Path(context.artifacts["bundle"]))
        self._world = World(history=History(bundle.schema), bundle=bundle)

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row of (verdict, unit, probability) per ticket, in order."""
        decisions = [route(as_ticket(row), self._world) for row in model_input.to_dict("records")]
        return pd.DataFrame(
            {
                "verdict": [decision.verdict.value for decision in decisions],
                "unit": [decision.unit_id for decision in decisions],
                "probability": [decision.probability for decision in decisions],
            },
        ).astype({"probability": float})


set_model(TicketRouter())

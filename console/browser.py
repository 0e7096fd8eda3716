"""What the browser is asked, and what it keeps: drafts stay in the tab, whatever becomes of the console."""

from __future__ import annotations

import json
from typing import Any

from nicegui import ui

from console.client import Json
from console.view import View

PATIENCE_S, LONG_PATIENCE_S = 12.0, 90.0  # the longer for what would be lost


async def asked(view: View, question: str, otherwise: Any, patience_s: float = PATIENCE_S) -> Any:
    """What the browser says; `otherwise` where it says nothing."""
    try:
        await view.client.connected(patience_s)
        return await view.client.run_javascript(question, timeout=patience_s)
    except TimeoutError:
        return otherwise


def drafted(box: ui.element, draft: str, field: str) -> None:
    """Have the browser keep what is typed there, letter by letter, until the draft is dropped."""
    box.props(f"data-draft={draft} data-field={field}")


def keep(view: View, draft: str, **values: object) -> None:
    """Have it keep more of the draft: what came into the page otherwise than by typing."""
    _run(view, f"gridroute.drafts.put({json.dumps(draft)}, {_told(values)})")


def drop(view: View, draft: str) -> None:
    """It was sent, or given up."""
    _run(view, f"gridroute.drafts.drop({json.dumps(draft)})")


async def kept(view: View, draft: str) -> Json:
    """What this reader began in this tab and did not send."""
    question = f"gridroute.drafts.of({json.dumps(draft)})"
    found = await asked(view, question, otherwise=None, patience_s=LONG_PATIENCE_S)
    return found if isinstance(found, dict) else {}


async def restore(view: View, box: ui.input, draft: str, field: str) -> None:
    """Put back what was typed there before, where nothing is."""
    told = (await kept(view, draft)).get(field)
    if told and not box.value and not view.client.is_deleted:
        box.value = str(told)


def _run(view: View, code: str) -> None:
    if not view.client.is_deleted:
        view.client.run_javascript(code)


def _told(values: Json) -> str:
    return json.dumps(values, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

"""`gridroute explain`: why a ticket went where it went."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.language import DEFAULT_LANG, LangOption, words_of
from cli.model_tables import say
from cli.stores import opened_store
from cli.workspace import DEFAULT_HOME, HomeOption

TicketArgument = Annotated[str, typer.Argument(help="The ticket's id.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(name="explain")(explain_ticket)


def explain_ticket(
    ticket: TicketArgument, lang: LangOption = DEFAULT_LANG, home: HomeOption = DEFAULT_HOME
) -> None:
    """Explain a ticket's decision: where, what found the unit, past tickets like it, what would change it."""
    from router.explaining import explain
    from router.receipt import names_of
    from router.receipt_lines import receipt_lines

    words = words_of(lang)
    with opened_store(home) as store, store.read() as session:
        found = explain(ticket, session)
        called = {unit.unit_id: unit.name for unit in session.units()}
    for line in receipt_lines(found, names_of(found, called.get), words):
        say(line)

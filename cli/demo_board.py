"""What the demo shows: stages with their times, then tickets as they find their units."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.demo_stream import Figures, Routed

Show = Callable[[Routed, Figures], None]
VERDICT_STYLES = {"dispatch": "green", "review": "yellow", "hold": "magenta"}
WHY_REVIEWED = {"below_threshold": "unsure", "rule_never_automatic": "rule", "place_conflict": "place?"}
FIGURES_EVERY = 50


@contextmanager
def stage(console: Console, name: str, *, spins: bool = True) -> Iterator[Callable[[str], None]]:
    """One line when the stage is done, with its time and the last thing said; a spinner while it goes on."""
    told: list[str] = []
    began = time.perf_counter()
    status = console.status(f"{name} ...") if spins and console.is_terminal else None
    with status or nullcontext():

        def say(what: str) -> None:
            told[:] = [what]
            if status:
                status.update(f"{name}: {what} ...")

        yield say
    line = Text.assemble((f"{name:<10}", "bold"), f"{time.perf_counter() - began:6.1f} s  ", *told)
    console.print(line, soft_wrap=True)


@contextmanager
def board(console: Console, footer: Callable[[], str], *, live: bool) -> Iterator[Show]:
    """A function that shows a routed ticket: in a table that moves on a terminal, else a line each."""
    if not live:
        yield lambda routed, figures: _print_line(console, routed, figures)
        return
    latest: deque[Routed] = deque(maxlen=max(console.height - 7, 3))
    with Live(console=console, auto_refresh=False) as shown:

        def show(routed: Routed, figures: Figures) -> None:
            latest.append(routed)
            shown.update(
                Group(_table(latest), Text(str(figures), "bold"), Text(footer(), "dim")), refresh=True
            )

        yield show


def _table(latest: deque[Routed]) -> Table:
    table = Table(box=None, expand=True, header_style="dim", padding=(0, 1))
    for name, ratio in (("ticket", 6), ("place", 4)):
        table.add_column(name, ratio=ratio, no_wrap=True, overflow="ellipsis")
    table.add_column("verdict", no_wrap=True)
    table.add_column("unit", ratio=4, no_wrap=True, overflow="ellipsis")
    table.add_column("prob.", justify="right", no_wrap=True)
    table.add_column("in truth", ratio=4, no_wrap=True, overflow="ellipsis")
    for routed in latest:
        verdict = routed.answer["verdict"]
        table.add_row(
            Text(_one_line(routed.ticket.text)),
            Text(place(routed)),
            Text(verdict_and_why(routed), VERDICT_STYLES[verdict]),
            Text(unit(routed)),
            probability(routed),
            outcome(routed),
        )
    return table


def _print_line(console: Console, routed: Routed, figures: Figures) -> None:
    parts = (
        verdict_and_why(routed).ljust(14),
        probability(routed).rjust(5),
        str(outcome(routed)),
        unit(routed),
    )
    line = " | ".join((*parts, place(routed), _one_line(routed.ticket.text)))
    console.print(line, soft_wrap=True, highlight=False, markup=False)
    if figures.tickets % FIGURES_EVERY == 0:
        console.print(str(figures), soft_wrap=True, highlight=False, style="bold")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def place(routed: Routed) -> str:
    """Where it is believed to be, and by which witness."""
    location = routed.answer["location"]
    if location["source"] == "none":
        return "unknown" if not location["address"] else f"unknown: {location['address']}"
    point = f"{location['latitude']:.4f}, {location['longitude']:.4f}"
    return f"{location['source']}: {location['address'] or point}"


def verdict_and_why(routed: Routed) -> str:
    """The verdict, with the first reason that a person is asked."""
    why = next((WHY_REVIEWED[reason] for reason in routed.answer["reasons"] if reason in WHY_REVIEWED), None)
    return f"{routed.answer['verdict']}: {why}" if why else str(routed.answer["verdict"])


def unit(routed: Routed) -> str:
    """The unit it went to, or that is proposed."""
    return str(routed.answer["unit_name"] or routed.answer["unit"] or "–")


def probability(routed: Routed) -> str:
    """The calibrated probability; a rule has none."""
    found = routed.answer["probability"]
    return "–" if found is None else f"{found:.1%}"


def outcome(routed: Routed) -> Text:
    """Right or wrong by the simulated truth, and what the reviewer did."""
    if routed.automatic:
        return Text("right", "green") if routed.right else Text(f"wrong: {routed.truth_name}", "bold red")
    return Text("confirmed", "green") if routed.right else Text(f"corrected: {routed.truth_name}", "yellow")

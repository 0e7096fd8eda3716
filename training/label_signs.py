"""Signs that a past dispatch is wrong, each with its weight and in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from domain.dispatches import Dispatch
from domain.units import Unit
from router.folding import fold_order
from training.confident_learning import Contradictions, Opinions
from training.near_duplicates import Pair, same_record
from training.replay import Case

TO_AND_FRO = timedelta(days=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One reason to doubt one ticket's unit; `weight` 0 to 1."""

    case: Case
    suggested: str
    weight: float
    words: str


class Lineage:
    """Units that follow from each other: each with its successors, and theirs."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._successors = {unit.unit_id: unit.successors for unit in units if unit.successors}
        self._reached: dict[str, frozenset[str]] = {}

    def same(self, one: str, other: str) -> bool:
        """Whether they are one unit, or one became the other; parts of what was one unit are different."""
        return one == other or other in self._after(one) or one in self._after(other)

    def _after(self, unit_id: str) -> frozenset[str]:
        if unit_id not in self._successors:
            return frozenset()
        found = self._reached.get(unit_id)
        if found is None:
            seen, waiting = set[str](), [unit_id]
            while waiting:
                fresh = [one for one in self._successors.get(waiting.pop(), ()) if one not in seen]
                seen.update(fresh)
                waiting += fresh
            found = self._reached[unit_id] = frozenset(seen)
        return found


def last_words(cases: Sequence[Case]) -> list[Case]:
    """The last word on each ticket, in order of time."""
    last = {
        case.dispatch.ticket.ticket_id: case
        for case in sorted(cases, key=lambda case: fold_order(case.dispatch))
    }
    return sorted(last.values(), key=lambda case: (case.facts.received, case.dispatch.ticket.ticket_id))


def contradicted(
    cases: Sequence[Case], opinions: Opinions, doubts: Contradictions, lineage: Lineage
) -> Iterable[Sign]:
    own = opinions.own
    for i in doubts.positions.tolist():
        suggested, recorded = opinions.units[doubts.likely[i]], cases[i].dispatch.unit_id
        given = float(opinions.probability[i, doubts.likely[i]])
        if given > own[i] and not lineage.same(suggested, recorded):
            words = f"a model that did not see it gives {suggested} {given:.0%} and {recorded} {own[i]:.1%}"
            yield Sign(case=cases[i], suggested=suggested, weight=given - float(own[i]), words=words)


def unlike_their_likes(
    cases: Sequence[Case], pairs: Sequence[Pair], opinions: Opinions, lineage: Lineage
) -> Iterable[Sign]:
    """Tickets that most of their near-duplicates disagree with; of two alone, the one that the model doubts more."""
    column = {unit: i for i, unit in enumerate(opinions.units)}
    for i, likes in sorted(_partners(pairs).items()):
        recorded = cases[i].dispatch.unit_id
        went = Counter(cases[j].dispatch.unit_id for j in likes)
        agree = sum(count for unit, count in went.items() if lineage.same(unit, recorded))
        others = [one for one in went.most_common() if not lineage.same(one[0], recorded)]
        if not others or others[0][1] <= agree:
            continue
        suggested, votes = others[0]
        own, given = (float(opinions.probability[i, column[unit]]) for unit in (recorded, suggested))
        if votes == 1 and given <= own:
            continue
        example = next(j for j in likes if cases[j].dispatch.unit_id == suggested)
        told = f"{votes} of {len(likes)} like it at the same place within a year went to {suggested}"
        words = f"{told}, such as {cases[example].dispatch.ticket.ticket_id}"
        weight = (votes - agree) / (len(likes) + 1) * (given + 0.01) / (given + own + 0.02)
        yield Sign(case=cases[i], suggested=suggested, weight=weight, words=words)


def _partners(pairs: Sequence[Pair]) -> dict[int, list[int]]:
    partners: dict[int, list[int]] = defaultdict(list)
    for pair in pairs:
        partners[pair.earlier].append(pair.later)
        partners[pair.later].append(pair.earlier)
    return partners


def sent_back(cases: Sequence[Case], earlier: Sequence[Dispatch], lineage: Lineage) -> Iterable[Sign]:
    """One ticket went A → B → A within days: its last word is doubtful. `earlier`: what was said and taken back."""
    said: dict[str, list[Dispatch]] = defaultdict(list)
    for one in sorted((*earlier, *(case.dispatch for case in cases)), key=fold_order):
        said[one.ticket_id].append(one)
    for case in last_words(cases):
        chain = said[case.dispatch.ticket_id]
        stays = [list(stay) for _, stay in groupby(chain, key=attrgetter("unit_id"))][-3:]
        if len(stays) == 3 and chain[-1] is case.dispatch:
            first, middle, last = stays[0][-1], stays[1][0], stays[2][0]
            if words := _came_back(f"ticket {last.ticket_id}", first, middle, last, lineage):
                yield Sign(case=case, suggested=middle.unit_id, weight=0.5, words=words)


def to_and_fro(final: Sequence[Case], lineage: Lineage) -> Iterable[Sign]:
    """Tickets of one kind from one account or address went A → B → A within days; the one between is doubtful."""
    for name, chain in _chains(final):
        for first, middle, last in zip(chain, chain[1:], chain[2:], strict=False):
            if words := _came_back(name, first.dispatch, middle.dispatch, last.dispatch, lineage):
                yield Sign(case=middle, suggested=first.dispatch.unit_id, weight=0.5, words=words)


def _came_back(name: str, first: Dispatch, middle: Dispatch, last: Dispatch, lineage: Lineage) -> str | None:
    """That they went to and fro, in words; None where they did not."""
    a, b = first.unit_id, middle.unit_id
    took = last.known_at - first.known_at
    if last.unit_id != a or lineage.same(a, b) or took > TO_AND_FRO:
        return None
    return f"{name} went {a} → {b} → {a} within {took.days + 1} days"


def _chains(final: Sequence[Case]) -> Iterable[tuple[str, list[Case]]]:
    """The last words on tickets of one kind from one account or address, in order."""
    chains: dict[tuple[str, str | None, str], list[Case]] = defaultdict(list)
    for case in final:
        for key in same_record(case):
            chains[key].append(case)
    return ((f"{key[0]} {key[-1]}", chain) for key, chain in chains.items())

"""What the models page tells in tables: errors by group, certificates, what a promotion would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from console.client import Json
from console.moments import clock_time
from console.suspensions import reason_of, scope_of, who_of
from console.tables import table
from console.words import Words

MOST_GROUPS = 15
MOST_EXAMPLES = 12


def errors_html(groups: Sequence[Json], names: Mapping[str, str], words: Words) -> str:
    """The groups with most errors, their share as a bar, and with whom they are mixed up."""
    if not groups:
        return f'<p class="gr-quiet">{escape(words("models.no_groups"))}</p>'
    head = [words(f"models.column.{name}") for name in ("group", "tickets", "wrong", "share", "rival")]
    lines = [
        (
            escape(one["name"]),
            f"{one['tickets']:,}",
            f"{one['wrong']:,}",
            _share(one["wrong"] / one["tickets"]),
            escape(names.get(one["rival"], one["rival"]) if one["rival"] else "–"),
        )
        for one in groups[:MOST_GROUPS]
    ]
    return table(head, lines)


def groups_html(groups: Sequence[Json], words: Words) -> str:
    """The certificates by group, whether they hold now, and what blind reviews say of them."""
    head = [words(f"models.column.{name}") for name in ("stratum", "now", "promise", "evidence", "audits")]
    return table(head, [_group(one, words) for one in groups])


def suspension_html(one: Json, names: Mapping[str, str], words: Words) -> str:
    """Why something is suspended, and how strong the evidence was."""
    told = (
        f'<span class="gr-strong">{escape(scope_of(one, names, words))}</span>'
        f"<span>{escape(reason_of(one, words))}</span>"
        f'<span class="gr-quiet">{escape(who_of(one, words))} · {clock_time(one["at"])}</span>'
    )
    figures = one["figures"]
    if figures:
        words_ = words(
            "models.evidence_told",
            evidence=f"{figures['evidence']:.1f}",
            threshold=f"{figures['threshold']:.1f}",
        )
        told += f'<span class="gr-quiet">{escape(words_)}</span>'
    return f'<div class="gr-suspension gr-stack">{told}</div>'


def changes_html(found: Json, names: Mapping[str, str], words: Words) -> str:
    """What promoting a version would change."""
    figures = [
        (words("models.change.other_unit"), f"{found['other_unit']:,}"),
        (words("models.change.newly_automatic"), f"{found['newly_automatic']:,}"),
        (words("models.change.no_longer_automatic"), f"{found['no_longer_automatic']:,}"),
        (words("models.change.automatic"), f"{found['automatic_before']:,} → {found['automatic_after']:,}"),
        (
            words("models.change.right", confirmed=found["confirmed"]),
            f"{found['right_before']:,} → {found['right_after']:,}",
        ),
    ]
    told = "".join(
        f"<div><dt>{escape(name)}</dt><dd class=gr-strong>{value}</dd></div>" for name, value in figures
    )
    text = f'<dl class="gr-facts">{told}</dl>'
    if found["seen_in_training"]:
        text += f'<p class="gr-note gr-flat">{escape(words("models.change.seen", count=found["seen_in_training"]))}</p>'
    if found["examples"]:
        head = [words(f"models.column.{name}") for name in ("ticket", "before", "after", "outcome")]
        lines = [_example(one, names, words) for one in found["examples"][:MOST_EXAMPLES]]
        text += f'<div class="gr-scroll">{table(head, lines)}</div>'
    return text


def _group(one: Json, words: Words) -> tuple[str, ...]:
    certificate, audits = one["certificate"], one["audits"]
    tone, state = ("good", "on") if one["automatic"] else ("", "off")
    promise = words(
        "models.promise",
        alpha=f"{certificate['alpha']:.2%}",
        confidence=f"{certificate['confidence']:.0%}",
        until=clock_time(certificate["expires_at"]).partition(" ")[0],
    )
    nothing = words("models.nothing")
    if certificate["needed_rows"]:
        nothing += words("models.needs", count=f"{certificate['needed_rows']:,}")
    evidence = words(
        "models.evidence",
        coverage=f"{certificate['coverage']:.1%}",
        errors=certificate["errors"],
        rows=certificate["rows"],
    )
    audited = words("models.audited", errors=audits["errors"], reviewed=audits["reviewed"])
    if audits["reviewed"]:
        audited += f" ({audits['low']:.1%}–{audits['high']:.1%})"
    return (
        escape(words.either(f"models.groups.{one['group']}", one["group"])),
        f'<span class="gr-badge gr-badge-{tone}">{escape(words(f"models.{state}"))}</span>',
        escape(promise if certificate["threshold"] is not None else nothing),
        escape(evidence),
        escape(audited),
    )


def _share(share: float) -> str:
    return (
        f'<span class="gr-meter-line"><span class="gr-meter"><span style="width:{100 * share:.0f}%"></span></span>'
        f"{share:.1%}</span>"
    )


def _example(one: Json, names: Mapping[str, str], words: Words) -> tuple[str, ...]:
    outcome = names.get(one["outcome"], one["outcome"]) if one["outcome"] else "–"
    return (
        escape(one["ticket_id"]),
        _answer(one["before"], names, words),
        _answer(one["after"], names, words),
        escape(outcome),
    )


def _answer(one: Json, names: Mapping[str, str], words: Words) -> str:
    unit = names.get(one["unit"], one["unit"]) if one["unit"] else "–"
    sure = "" if one["probability"] is None else f" {one['probability']:.0%}"
    verdict = words.either(f"models.verdict.{one['verdict']}", one["verdict"])
    return f'{escape(unit)}<span class="gr-quiet">{sure} · {escape(verdict)}</span>'

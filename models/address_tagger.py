"""A linear-chain CRF that takes Chinese addresses apart, learnt from addresses that an operator has labelled."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pycrfsuite

from domain.errors import BundleDamaged, NotEnoughData, NotFound
from features.addresses.normal import normal_form
from features.addresses.parts import AddressParts, Number, NumberKind, Relation, RoadPart
from models.address_tokens import Names, Token, names_of, token_features, tokens_of

Span = tuple[str, int, int]  # part, start, end in characters
Labelled = tuple[str, Sequence[Span]]  # spans in order, without overlap

MODEL, NAMES = "tagger.crfsuite", "names.json"
_SETTINGS = {"c1": 0.1, "c2": 0.05, "feature.minfreq": 2}
_NO_PART = "O"

_AREAS = ("prov", "city", "district", "town", "community")
_NAMES = ("poi", "subpoi", "devzone")
_INSIDE = {
    "houseno": NumberKind.BUILDING,
    "cellno": NumberKind.UNIT,
    "floorno": NumberKind.FLOOR,
    "roomno": NumberKind.ROOM,
}
_NUMBER = re.compile(r"([a-z]?)(\d{1,9})(?:([-~至/、])(\d{1,9}))?([a-z]?)")
_RELATIONS = (
    (re.compile("交叉|交汇|交界|路口"), Relation.CROSSING),
    (re.compile("对面|对过"), Relation.OPPOSITE),
    (re.compile("附近|旁|边|侧"), Relation.NEAR),
)


class AddressTagger:
    """Labels the parts of an address; the labels are whatever it was taught."""

    def __init__(self, model: bytes, names: Names) -> None:
        self._model, self._names = model, names
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)

    @classmethod
    def fit(cls, labelled: Iterable[Labelled], iterations: int = 120) -> AddressTagger:
        """Learn from addresses with their spans; raises NotEnoughData without any."""
        rows = [(text, list(spans)) for text, spans in labelled if text]
        if not rows:
            raise NotEnoughData(missing=("labelled addresses",))
        own = [names_of(text, spans) for text, spans in rows]
        names: dict[str, Counter[str]] = {}
        for found in own:
            for (name, part), count in found.items():
                names.setdefault(name, Counter())[part] += count
        trainer = pycrfsuite.Trainer(verbose=False)
        for (text, spans), known in zip(rows, own, strict=True):
            tokens = tokens_of(text)
            trainer.append(token_features(text, tokens, names, known), _labels(tokens, spans))
        trainer.set_params(_SETTINGS | {"max_iterations": iterations})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / MODEL
            trainer.train(str(path))
            return cls(path.read_bytes(), names)

    def parse(self, text: str) -> list[Span]:
        """The parts in order, with their first character and the one behind their last."""
        tokens = tokens_of(text)
        if not tokens:
            return []
        return _spans(tokens, self._tagger.tag(token_features(text, tokens, self._names)))

    def save(self, path: Path) -> None:
        """Write the CRFsuite model and its dictionary into a folder."""
        path.mkdir(parents=True, exist_ok=True)
        (path / MODEL).write_bytes(self._model)
        kept = {"sha256": hashlib.sha256(self._model).hexdigest(), "names": self._names}
        (path / NAMES).write_text(json.dumps(kept, ensure_ascii=False, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> AddressTagger:
        """Read what `save` wrote; raises NotFound or BundleDamaged."""
        if not (path / NAMES).is_file() or not (path / MODEL).is_file():
            raise NotFound(kind="address tagger", key=str(path))
        model = (path / MODEL).read_bytes()
        try:
            kept = json.loads((path / NAMES).read_bytes())
            digest, names = kept["sha256"], kept["names"]
        except (ValueError, KeyError, TypeError) as error:
            raise BundleDamaged(path=str(path), problem=f"{NAMES} cannot be read ({error})") from error
        if hashlib.sha256(model).hexdigest() != digest:  # CRFsuite itself reads a damaged model and crashes
            raise BundleDamaged(path=str(path), problem=f"{MODEL} differs from its digest")
        return cls(model, names)


def _labels(tokens: Sequence[Token], spans: Sequence[Span]) -> list[str]:
    labels = []
    for start, end in tokens:
        part, first, _ = next((s for s in spans if s[1] < end and start < s[2]), (_NO_PART, start, end))
        labels.append(part if part == _NO_PART else f"{'B' if first >= start else 'I'}-{part}")
    return labels


def _spans(tokens: Sequence[Token], labels: Sequence[str]) -> list[Span]:
    spans: list[Span] = []
    previous = _NO_PART
    for (start, end), label in zip(tokens, labels, strict=True):
        part = label[2:]
        if label != _NO_PART and label[0] == "I" and previous == part:
            spans[-1] = (part, spans[-1][1], end)
        elif label != _NO_PART:
            spans.append((part, start, end))
        previous = part
    return spans


def to_parts(spans: Sequence[Span], text: str) -> AddressParts:
    """Labelled spans in the form that the rule parser answers with. Labels that are not known become rest."""
    areas: list[str] = []
    roads: list[tuple[str, list[Number]]] = []
    names: list[str] = []
    loose: list[Number] = []
    rest: list[str] = []
    relation = Relation.AT
    for part, start, end in spans:
        words = normal_form(text[start:end]).strip()
        part = part.lower()
        if part in _AREAS:
            areas.append(words)
        elif part == "road" or (part == "subroad" and not words.endswith("段")):
            roads.append((words, []))
        elif part == "subroad":
            _lengthen(roads, words)
        elif part in _NAMES:
            names.append(words)
        elif kind := _number_kind(part, words):
            (roads[-1][1] if roads else loose).extend(_numbers(words, kind))
        elif part == "assist":
            relation = next((r for pattern, r in _RELATIONS if pattern.search(words)), relation)
        elif part != "redundant" and words:  # redundant: the province said twice, dashes
            rest.append(words)
    return AddressParts(
        text=normal_form(text),
        areas=tuple(dict.fromkeys(areas)),
        roads=tuple(RoadPart(name=name, numbers=tuple(numbers)) for name, numbers in roads),
        names=tuple(dict.fromkeys(names)),
        numbers=tuple(loose),
        relation=relation,
        rest=tuple(rest),
    )


def _lengthen(roads: list[tuple[str, list[Number]]], words: str) -> None:
    """中段 belongs to the road it is a stretch of."""
    if roads:
        name, numbers = roads.pop()
        words, kept = name + words, numbers
    else:
        kept = []
    roads.append((words, kept))


def _number_kind(part: str, words: str) -> NumberKind | None:
    if part in ("roadno", "subroadno"):
        if "支弄" in words:
            return NumberKind.SUBLANE
        return NumberKind.LANE if words.endswith(("弄", "巷")) else NumberKind.HOUSE
    return _INSIDE.get(part)


def _numbers(words: str, kind: NumberKind) -> Iterable[Number]:
    """`words`: 841-843号 (a range), 12a, 14-2 (a number of its own beside 14), b6."""
    found = _NUMBER.search(words)
    if not found:
        return
    before, first, joint, second, after = found.groups()
    low, high = int(first), int(second or first)
    if joint and (joint == "/" or high <= low):
        yield Number(kind=kind, low=low, high=low, suffix=f"-{second}{after}")
    else:
        yield Number(kind=kind, low=low, high=high, suffix=before or after)

"""What the address tagger sees of each token: its neighbours, its kind, the next suffix, names that it knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

Token = tuple[int, int]  # first character, the one behind the last
Names = Mapping[str, Mapping[str, int]]  # name → part → in how many places it was labelled

_TOKEN = re.compile(r"\d+|[A-Za-z]+|\s+|.", re.DOTALL)
_COUNTING = frozenset("一二三四五六七八九十百零〇两")
_SUFFIX = frozenset("省市区县镇乡路街道弄巷号村庄幢栋座楼室层单元苑园城厦场院厂店里坊桥期组门司")
_LONGEST = 12  # tokens in a name
_FAR = 9
MAX_TOKENS = 300
_UNNAMED = ("roadno", "subroadno", "houseno", "cellno", "floorno", "roomno", "redundant", "assist", "person")


def tokens_of(text: str) -> list[Token]:
    """Runs of digits, Latin letters or spaces, and single characters else; the first 300."""
    return [found.span() for found in _TOKEN.finditer(text)][:MAX_TOKENS]


def names_of(text: str, spans: Sequence[tuple[str, int, int]]) -> Counter[tuple[str, str]]:
    """(name, part) of the labelled spans that are names and not numbers."""
    low = _lower(text)
    named = [s for s in spans if s[0] not in _UNNAMED and s[2] - s[1] > 1]
    return Counter((low[start:end], part) for part, start, end in named)


def token_features(
    text: str, tokens: Sequence[Token], names: Names, own: Counter[tuple[str, str]] | None = None
) -> list[list[str]]:
    """Features by token. `own`: the address's own labelled names, which in training don't count as known."""
    low = _lower(text)
    words, kinds = _words(low, tokens)
    known = _known_names(low, tokens, names, own or Counter())
    before = _last_suffix(words, kinds)
    behind = _last_suffix(words[::-1], kinds[::-1])[::-1]
    padded = ["<"] * 3 + words + [">"] * 3
    kinds = ["<"] * 3 + kinds + [">"] * 3
    rows = []
    for i, (word, (last, since), (following, until)) in enumerate(zip(words, before, behind, strict=True)):
        a3, a2, a1, _, b1, b2, b3 = padded[i : i + 7]
        _, t2, t1, t, u1, u2, _ = kinds[i : i + 7]
        rows.append(
            [
                f"w{word}", f"a1{a1}", f"a2{a2}", f"a3{a3}", f"b1{b1}", f"b2{b2}", f"b3{b3}",
                f"a1w{a1}{word}", f"wb1{word}{b1}", f"a2a1{a2}{a1}", f"b1b2{b1}{b2}", f"a1b1{a1} {b1}",
                f"a1wb1{a1}{word}{b1}", f"a2a1w{a2}{a1}{word}", f"wb1b2{word}{b1}{b2}",
                f"b1b2b3{b1}{b2}{b3}", f"a3a2a1{a3}{a2}{a1}",
                f"k3{t1}{t}{u1}", f"k5{t2}{t1}{t}{u1}{u2}",
                f"next{following}{until}", f"last{last}{since}", f"around{last}{following}",
                f"wnext{word}{following}", f"knext{t}{following}{until}{last}", f"at{min(i, 3)}",
                *known[i],
            ]
        )  # fmt: skip
    return rows


def _lower(text: str) -> str:
    low = text.lower()
    return low if len(low) == len(text) else text  # İ grows by a character


def _words(low: str, tokens: Sequence[Token]) -> tuple[list[str], list[str]]:
    """Tokens as written, numbers by their length alone; and d digits, a Latin, c counting, s suffix, h Han, p other."""
    words, kinds = [], []
    for start, end in tokens:
        word = low[start:end]
        if word[0].isdecimal():
            word, kind = "9" * min(end - start, 5), "d"
        elif word[0].isascii():
            kind = "a" if word[0].isalpha() else "p"
        elif word in _COUNTING:
            kind = "c"
        elif word in _SUFFIX:
            kind = "s"
        else:
            kind = "h" if word.isalpha() else "p"
        words.append(word)
        kinds.append(kind)
    return words, kinds


def _last_suffix(words: Sequence[str], kinds: Sequence[str]) -> list[tuple[str, int]]:
    """For each token the last suffix, number or mark before it, and how far away it is."""
    found, far = "<", _FAR
    answers = []
    for word, kind in zip(words, kinds, strict=True):
        answers.append((found, far))
        if kind in "spd":
            found, far = (word if kind == "s" else kind), 0
        far = min(far + 1, _FAR)
    return answers


def _known_names(
    low: str, tokens: Sequence[Token], names: Names, own: Counter[tuple[str, str]]
) -> list[list[str]]:
    """The longest known names by part, leftmost first: where each begins, goes on and ends."""
    marks: list[list[str]] = [[] for _ in tokens]
    taken: dict[str, int] = {}
    for i, (start, _) in enumerate(tokens):
        longest: dict[str, tuple[int, int]] = {}
        for j in range(i + 1, min(len(tokens), i + _LONGEST)):
            name = low[start : tokens[j][1]]
            for part, count in names.get(name, {}).items():
                elsewhere = count - own[name, part]
                if elsewhere > 0:
                    longest[part] = (j, elsewhere)
        for part, (j, count) in longest.items():
            if taken.get(part, -1) >= j:
                continue
            taken[part] = j
            often = "+" if count > 2 else ""
            marks[i].append(f"begins {part}{often}")
            marks[j].append(f"ends {part}{often}")
            for inside in range(i + 1, j):
                marks[inside].append(f"inside {part}{often}")
    return marks

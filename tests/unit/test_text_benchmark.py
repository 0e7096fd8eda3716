"""The text benchmark on a small file of the form it reads."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import text
from benchmarks.text import as_written

TEXTS = {"light": "路灯 不亮 很久 了", "water": "水管 爆裂 流 了 一地", "road": "路面 有 一个 大坑"}


@pytest.mark.parametrize(
    ("tokens", "written"),
    [
        ("路灯 不亮 ", "路灯不亮"),
        ("路灯 坏了      \u3000 \u3000 位于 M 市 路口", "路灯坏了\n位于 M 市路口"),
        ("street lamp out", "street lamp out"),
        ("标题  一 段  二 段", "标题\n一段二段"),
        ("", ""),
    ],
)
def test_tokens_become_the_text_of_a_ticket(tokens: str, written: str) -> None:
    assert as_written(tokens) == written


def _write(path: Path, categories: list[str]) -> Path:
    pq.write_table(pa.table({"tokens": [TEXTS[c] for c in categories], "category": categories}), path)
    return path


def test_the_figures_are_of_the_test_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train = _write(tmp_path / "a.parquet", ["light", "water", "road"] * 8)
    test = tmp_path / "b.parquet"
    # one of four is labelled as nothing in its words says
    labels = ["light", "water", "road", "road"]
    pq.write_table(
        pa.table({"tokens": [TEXTS[c] for c in ("light", "water", "road", "light")], "category": labels}),
        test,
    )
    figures = tmp_path / "f.json"
    arguments = ["text", "--train", str(train), "--test", str(test), "--json", str(figures)]
    monkeypatch.setattr(sys, "argv", arguments)
    text.main()
    found = json.loads(figures.read_text())
    assert (found["accuracy"], found["macro_f1"]) == (0.75, 0.7778)
    assert found["linear_svc"] == {"accuracy": 0.75, "macro_f1": 0.7778}
    assert (found["train_rows"], found["test_rows"]) == (24, 4)
    assert "accuracy" in capsys.readouterr().out

"""Tables in binary formats: XLSX and Parquet. Their text has no encoding to declare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from store.importing.rows import Row, Table, counted_table, unreadable

BATCH_ROWS = 4096


def open_xlsx(path: Path, _encoding: str) -> Table:
    """The first sheet; formulas by the value they last had."""
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
    except (BadZipFile, InvalidFileException, KeyError, IndexError) as error:
        raise unreadable(path, f"not a workbook: {error}", "Save it as .xlsx or .csv.") from error
    total = sheet.max_row or 0
    sheet.reset_dimensions()  # some writers state a size that is too small
    records = enumerate(sheet.iter_rows(values_only=True), start=1)
    _, header = next(records, (1, ()))
    columns = tuple("" if name is None else str(name).strip() for name in header)
    return counted_table(columns, _xlsx_rows(workbook, records, columns), total)


def _xlsx_rows(workbook: Any, records: Iterator[Any], columns: tuple[str, ...]) -> Iterator[Row]:
    try:
        for line, record in records:
            if any(value is not None for value in record):
                yield Row(line, dict(zip(columns, chain(record, repeat(None)), strict=False)))
    finally:
        workbook.close()


def open_parquet(path: Path, _encoding: str) -> Table:
    """Streamed in batches; lines count rows from 1."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise unreadable(path, f"not Parquet: {error}", "Write the file anew.") from error
    columns = tuple(file.schema_arrow.names)
    return counted_table(columns, _parquet_rows(file, columns), file.metadata.num_rows)


def _parquet_rows(file: Any, columns: tuple[str, ...]) -> Iterator[Row]:
    line = 0
    with file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            for record in zip(*map(_values, batch.columns), strict=True):
                line += 1
                yield Row(line, dict(zip(columns, record, strict=True)))


def _values(column: Any) -> list[Any]:
    import pyarrow

    if pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type):
        return [_decoded(value) for value in column.to_pylist()]
    if pyarrow.types.is_timestamp(column.type):  # nanoseconds would come as a type of pandas
        column = column.cast(pyarrow.timestamp("us", tz=column.type.tz), safe=False)
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [_decoded(value) for value in column.cast(pyarrow.large_binary()).to_pylist()]
    except (OverflowError, ValueError):  # a time that Python cannot hold
        return list(column.cast(pyarrow.string()).to_pylist())


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", errors="surrogateescape")

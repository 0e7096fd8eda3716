"""The options that say how a long-running command logs."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Annotated

import typer


class LogFormat(StrEnum):
    """Lines for people, or a JSON object a line for programs."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """What is worth a line; `info`: every request and delivery."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format", envvar="GRIDROUTE_LOG_FORMAT", help="text for people, json for programs: a line each."
    ),
]
LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option("--log-level", envvar="GRIDROUTE_LOG_LEVEL", help="Default: warning as text, info as JSON."),
]


def begin_log(form: LogFormat, level: LogLevel | None) -> None:
    """From now on this process logs so, to its standard error."""
    from api.logs import set_up_logs

    set_up_logs(form.value, None if level is None else logging.getLevelNamesMapping()[level.upper()])

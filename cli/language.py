"""In which language a command explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from router.wording import Wording

LangOption = Annotated[
    str, typer.Option("--lang", envvar="GRIDROUTE_LANG", help="Explain in this language: zh or en.")
]
DEFAULT_LANG = "en"


def words_of(lang: str) -> Wording:
    """The words of the language. Raises InvalidInput for one that there are none of."""
    from domain.errors import InvalidInput
    from router.wording import LANGUAGES, language_of, wording

    language = language_of(lang)
    if language is None:
        raise InvalidInput(
            field="--lang", problem=f"no words for {lang!r}", mend=f"Give {' or '.join(LANGUAGES)}"
        )
    return wording(language)

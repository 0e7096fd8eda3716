"""Files in: tables of any common format become units, territories, accounts, addresses, rules and past dispatches."""

from store.importing.faults import BadRow
from store.importing.history import HistoryFile, read_history
from store.importing.importing import ImportReport, import_file
from store.importing.mapping import Mapping, load_mapping

__all__ = [
    "BadRow",
    "HistoryFile",
    "ImportReport",
    "Mapping",
    "import_file",
    "load_mapping",
    "read_history",
]

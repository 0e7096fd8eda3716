"""What is known of places: accounts and addresses, in one immutable file or in memory."""

from features.gazetteer.accounts import normalise_account
from features.gazetteer.entries import Entry, Match, NameMatch, RoadEntries
from features.gazetteer.gazetteer import Gazetteer

__all__ = ["Entry", "Gazetteer", "Match", "NameMatch", "RoadEntries", "normalise_account"]

"""What the Open311 handlers share."""

from __future__ import annotations

from fastapi import Request

from api.desk import Desk, desk_of
from api.doors import Caller
from api.open311.access import hidden_from, jurisdiction_of
from api.open311.forms import Arguments
from api.open311.kinds import KnownKinds
from api.open311.requests import Telling
from api.open311.services import Catalogue
from api.open311.settings import Offer, Open311Settings
from router.ports import Store
from router.service import RoutingService


class Endpoint:
    """The desk, the settings and the services on offer. Lives in `app.state`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._offered = desk.settings.open311.catalogue
        self._known = KnownKinds(desk.service.store, desk.service.clock)

    @property
    def service(self) -> RoutingService:
        """The use cases."""
        return self.desk.service

    @property
    def store(self) -> Store:
        """Where tickets and their events are."""
        return self.desk.service.store

    @property
    def settings(self) -> Open311Settings:
        """What the operator said."""
        return self.desk.settings.open311

    @property
    def offer(self) -> Offer:
        """The operator's services file."""
        return self.settings.offer

    def jurisdiction(self, sent: Arguments) -> str | None:
        """Whose requests are asked for; None: all, as long as there are not several."""
        served = self.settings.jurisdictions
        return jurisdiction_of(sent, served) if len(served) > 1 else None

    def telling(self, caller: Caller | None) -> Telling:
        """How tickets are told to the caller."""
        hidden = hidden_from(caller)
        return Telling(catalogue=self.catalogue(), offer=self.offer, names=self.service, hidden=hidden)

    def catalogue(self) -> Catalogue:
        """The services on offer: the operator's, or else those that are known."""
        return self._offered or self._known.catalogue()


def endpoint_of(request: Request) -> Endpoint:
    """The application's endpoint."""
    if not hasattr(request.app.state, "open311"):
        request.app.state.open311 = Endpoint(desk_of(request))
    endpoint = request.app.state.open311
    assert isinstance(endpoint, Endpoint)
    return endpoint

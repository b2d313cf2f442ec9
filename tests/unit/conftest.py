"""Small nouns for unit tests."""

from __future__ import annotations

import pytest

from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from tests import nouns


@pytest.fixture
def roads() -> SiteRoads:
    """A town of blocks with one bay, one charger and two vans."""
    return nouns.town()


@pytest.fixture
def two_vans(roads: SiteRoads) -> FleetState:
    """Both vans stand at their station, fresh and automatic; nothing is asked."""
    return nouns.opened(roads)

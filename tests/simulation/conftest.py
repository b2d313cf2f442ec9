"""Roads and scenarios, read once per process."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import structlog

from fleet.maps.osm import import_map
from fleet.roads.graph import RoadGraph
from vehicle_sim.scenario import Scenario

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    """Thousands of simulated controllers have nothing to say on the terminal."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.fixture(scope="session")
def liechtenstein() -> RoadGraph:
    return import_map(CONFIGS / "maps" / "liechtenstein.osm.pbf")[0]


@pytest.fixture(scope="session")
def small() -> Scenario:
    return Scenario.load(CONFIGS / "scenarios" / "small.toml")

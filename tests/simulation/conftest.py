"""Roads and scenarios, read once per process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from fleet.maps.osm import import_map
from fleet.roads.graph import RoadGraph
from vehicle_sim.scenario import Scenario

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of simulated controllers have nothing to say on the terminal; other tests listen to the log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def liechtenstein() -> RoadGraph:
    return import_map(CONFIGS / "maps" / "liechtenstein.osm.pbf")[0]


@pytest.fixture(scope="session")
def small() -> Scenario:
    return Scenario.load(CONFIGS / "scenarios" / "small.toml")

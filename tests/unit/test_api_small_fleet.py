"""A fleet small enough for every test of the API and the CLI: one station, two points, two vans on a ring of roads."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from fleet.api.app import build_app
from fleet.clock import Clock, utc_text
from fleet.config import load
from fleet.controller import AreaController, Parts
from fleet.journal.replay import all_records
from fleet.journal.store import SqlStore
from fleet.journal.writer import InlineWriter
from fleet.planning.port import Budget
from fleet.roads.site_roads import SiteRoads, station_node_id
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.subscription import Subscription
from tests.drawn_map import draw, latlon
from vehicle_sim.ground import Ground
from vehicle_sim.memory_radio import MemoryRadio
from vehicle_sim.timers import VirtualTimers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.virtual_time import run_virtual, running_clock
from vehicle_sim.voice import topic_of, will_of
from vehicle_sim.world import World

START_S = 1_795_417_200.0  # 2026-11-23T07:00:00Z
HOUR_S = 3600.0
BASE_URL = "http://127.0.0.1:8700"
SPOTS = {"a": (0.0, 0.0), "b": (900.0, 0.0), "c": (900.0, 700.0), "d": (0.0, 700.0), "e": (-200.0, 0.0)}
RING: dict[str, dict[str, str]] = {"ab": {}, "bc": {}, "cd": {}, "da": {}, "ae": {}}
PLACES = {"depot": (200.0, -5.0), "north": (450.0, 705.0), "east": (905.0, 350.0)}
SUBSCRIPTIONS = ("state", "connection", "factsheet", "visualization")


def site_text(map_file: Path) -> str:
    """The site file of the small fleet."""
    lines = ["[site]", 'id = "small"', 'name = "Small"', 'time_zone = "Europe/Vaduz"', f'map = "{map_file}"']
    for name, spot in PLACES.items():
        lat, lon = latlon(*spot)
        lines += ["[[station]]" if name == "depot" else "[[point]]", f'id = "{name}"', f'name = "The {name}"']
        lines += [f"lat = {lat}", f"lon = {lon}"]
        lines += ["loading_bays = 2", "chargers = 2"] if name == "depot" else []
    for vehicle in ("van-1", "van-2"):
        lines += ["[[vehicle]]", 'manufacturer = "Falknis"', f'serial_number = "{vehicle}"', 'type = "zto_5"']
        lines += ['vda5050_version = "2.1.0"', 'home_station = "depot"']
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def small_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site file of the small fleet, beside its map."""
    folder = tmp_path_factory.mktemp("small")
    drawn = draw(folder, SPOTS, RING)
    path = folder / "small.toml"
    path.write_text(site_text(drawn.path), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def roads(small_site: Path) -> SiteRoads:
    drawn = draw(small_site.parent, SPOTS, RING)
    return SiteRoads(load(small_site), drawn.graph)


@dataclass(frozen=True)
class Served:
    """A fleet that serves, and a client that asks it."""

    area: AreaController
    app: FastAPI
    http: httpx.AsyncClient
    clock: Clock
    broker: MemoryBroker

    def at(self, after_s: float) -> str:
        """The instant so long after the beginning."""
        return utc_text(START_S + after_s)

    def run(self, run_id: str | None = "r1", **changes: object) -> dict[str, object]:
        """A run as a caller would ask for it."""
        asked: dict[str, object] = {"station_id": "depot", "point_id": "north", "parcels": 3}
        asked |= {"ready_at": self.at(60.0), "due_at": self.at(HOUR_S)} | changes
        return asked if run_id is None else asked | {"run_id": run_id}

    async def submit(self, *runs: dict[str, object], key: str = "k1", **query: str) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return await self.http.post("/api/v1/runs", json={"runs": list(runs)}, headers=headers, params=query)


Story = Callable[[Served], Awaitable[None]]


def new_area(roads: SiteRoads, store: SqlStore, clock: Clock, broker: MemoryBroker) -> AreaController:
    link = MemoryLink(broker, "fleet", [Subscription(f"uagv/+/+/+/{name}") for name in SUBSCRIPTIONS])
    parts = Parts(
        clock=clock,
        link=link,
        store=store,
        writer=InlineWriter(store),
        solver=None,
        budget=Budget(steps=10),
        roads=roads,
        token="t",
        owner="test",
        by_force=True,
    )
    return AreaController(parts)


def add_vehicles(roads: SiteRoads, broker: MemoryBroker, clock: Clock) -> World:
    """Both vans at their station, speaking."""
    ground = Ground(roads.graph)
    timers = VirtualTimers(running_clock(START_S))
    world = World(roads.site, ground, timers, 1, invents_lots=True)
    for vehicle in roads.site.vehicles.values():
        topics = [Subscription(topic_of(vehicle, name)) for name in ("order", "instantActions")]
        link = MemoryLink(broker, f"v-{vehicle.id}", topics, will_of(vehicle, clock.trade_now_s()))
        home = station_node_id(vehicle.home_station)
        place = roads.place(vehicle.type_id, home)
        assert place is not None
        link.open(SimVehicle(vehicle, roads.site, world, MemoryRadio(broker, link), place, home))
    return world


@asynccontextmanager
async def served(
    roads: SiteRoads, store: SqlStore, *, with_vehicles: bool, start_s: float = START_S
) -> AsyncIterator[Served]:
    """The small fleet under the virtual loop that runs at this moment."""
    clock = running_clock(start_s)
    broker = MemoryBroker(random.Random(1))
    if with_vehicles:
        add_vehicles(roads, broker, clock)
    area = new_area(roads, store, clock, broker)
    await area.open()
    app = build_app(area)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(area.run(), name="area")
        await asyncio.sleep(5.0)
        yield Served(area, app, http, clock, broker)
        running.cancel()


def tell(roads: SiteRoads, story: Story, *, store: SqlStore | None = None, with_vehicles: bool = False) -> None:
    """Live through a story under virtual time."""
    kept = store or SqlStore("sqlite://")
    start_s = max((record.trade_s for record in all_records(kept, roads.site.id)), default=START_S)

    async def live() -> None:
        async with served(roads, kept, with_vehicles=with_vehicles, start_s=start_s) as fleet:
            await story(fleet)

    run_virtual(live(), start_s=start_s)
    if store is None:
        kept.close()


def test_the_small_fleet_delivers_a_run(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"), fleet.run("r2", point_id="east"))
        await asyncio.sleep(HOUR_S)
        answer = await fleet.http.get("/api/v1/runs", params={"phase": "delivered"})
        assert [run["run_id"] for run in answer.json()["runs"]] == ["r1", "r2"]

    tell(roads, story, with_vehicles=True)

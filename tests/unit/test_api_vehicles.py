from __future__ import annotations

import asyncio

import pytest

from fleet.api.shapes import OwnWayOut
from fleet.api.vehicle_views import vehicle_detail
from fleet.clock import utc_text
from fleet.controller.ear import Heard
from fleet.model.ids import VehicleId
from fleet.roads.site_roads import SiteRoads
from fleet.wire.messages import Waypoint
from tests.drawn_map import latlon
from tests.nouns import NOW_S, VAN_1, a_state, opened, town
from tests.unit.test_api_small_fleet import HOUR_S, PLACES, Served, roads, small_site, tell

__all__ = ["roads", "small_site"]
VEHICLES = "/api/v1/vehicles"
WHY = {"why": "a test"}


def test_vehicles_at_rest_are_shown_where_they_stand(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        found = (await fleet.http.get(VEHICLES)).json()["vehicles"]
        assert [(v["vehicle_id"], v["phase"], v["liveness"]) for v in found] == [
            ("van-1", "idle", "fresh"),
            ("van-2", "idle", "fresh"),
        ]
        lat, lon = latlon(*PLACES["depot"])
        assert found[0]["position"]["lat"] == pytest.approx(lat, abs=2e-4)
        assert found[0]["position"]["lon"] == pytest.approx(lon, abs=2e-4)
        assert 0 <= found[0]["heard"]["age_s"] < 35

    tell(roads, story, with_vehicles=True)


def test_a_vehicle_never_heard_is_unheard_and_nowhere(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        shown = (await fleet.http.get(f"{VEHICLES}/van-1")).json()
        assert shown["phase"] == "unheard"
        assert shown["heard"] is None
        assert shown["position"] is None
        assert shown["order"] is None

    tell(roads, story)


def test_a_vehicle_on_its_way_is_shown_with_order_trip_and_way(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        phases = set()
        shown: dict[str, object] = {}
        for _ in range(120):
            await asyncio.sleep(10.0)
            vans = (await fleet.http.get(VEHICLES)).json()["vehicles"]
            van = next((v for v in vans if v["order_id"] is not None), None)
            if van is not None:
                phases.add(van["phase"])
                if van["phase"] == "driving" and not shown:
                    shown = (await fleet.http.get(f"{VEHICLES}/{van['vehicle_id']}")).json()
        assert {"loading", "driving", "unloading"} <= phases
        order, trip, way = shown["order"], shown["trip"], shown["way"]
        assert isinstance(order, dict)
        assert isinstance(trip, dict)
        assert isinstance(way, list)
        assert order["purpose"] == "deliver"
        assert order["run_ids"] == ["r1"]
        assert trip["stops"][0]["point_id"] == "north"
        assert len(way) == order["edges"] + 1
        assert shown["aboard"] == ["r1"]

    tell(roads, story, with_vehicles=True)


def test_a_paused_vehicle_is_held_until_it_is_resumed(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        paused = await fleet.http.post(f"{VEHICLES}/van-1/pause", json=WHY, headers={"X-Actor": "ana"})
        assert (paused.json()["phase"], paused.json()["held"]) == ("held", "a test")
        resumed = await fleet.http.post(f"{VEHICLES}/van-1/resume", json=WHY)
        assert (resumed.json()["phase"], resumed.json()["held"]) == ("idle", None)
        types = {r.type: r.actor for r in fleet.area.parts.store.records("small", 0, 100)}
        assert (types["VehicleHeld"], types["VehicleReleased"]) == ("ana", "api")

    tell(roads, story, with_vehicles=True)


def test_a_recalled_vehicle_brings_its_run_back(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        with fleet.app.state.reception.bell.heard() as news:
            while (vehicle_id := _loaded(fleet)) is None:
                news.clear()
                await news.wait()
        answer = await fleet.http.post(f"{VEHICLES}/{vehicle_id}/recall", json=WHY)
        assert answer.status_code == 200
        await asyncio.sleep(HOUR_S)
        run = (await fleet.http.get("/api/v1/runs/r1")).json()
        assert run["phase"] in ("returned", "delivered")

    tell(roads, story, with_vehicles=True)


def _loaded(fleet: Served) -> VehicleId | None:
    return next((v for v, twin in fleet.area.state.twins.items() if twin.aboard), None)


@pytest.mark.parametrize("verb", ["pause", "resume", "recall"])
def test_an_unknown_vehicle_is_not_found_whatever_is_asked_of_it(roads: SiteRoads, verb: str) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.http.post(f"{VEHICLES}/van-9/{verb}", json=WHY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown")
        assert (await fleet.http.get(f"{VEHICLES}/van-9")).status_code == 404

    tell(roads, story)


@pytest.mark.parametrize("body", [{}, {"why": ""}, {"why": "a", "by": "me"}, {"why": "a\nb"}, []])
def test_a_command_without_a_reason_is_refused(roads: SiteRoads, body: object) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.http.post(f"{VEHICLES}/van-1/pause", json=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["fields"]

    tell(roads, story)


def test_a_closed_road_is_listed_until_it_is_reopened(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        key = roads.graph.edge_key(0)
        closed = await fleet.http.post(f"/api/v1/roads/{key}/close", json={"why": "works", "for_s": 600})
        assert [c["road_key"] for c in closed.json()["closures"]] == [key]
        opened = await fleet.http.post(f"/api/v1/roads/{key}/reopen", json={"why": "done"})
        assert opened.json()["closures"] == []
        until = {"why": "works", "until_at": fleet.at(60.0)}
        await fleet.http.post(f"/api/v1/roads/{key}/close", json=until)
        await asyncio.sleep(120.0)
        assert (await fleet.http.get("/api/v1/roads/closed")).json()["closures"] == []

    tell(roads, story)


def test_a_slow_road_is_listed_until_it_is_slow_no_more(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        key = roads.graph.edge_key(0)
        body = {"why": "works", "for_s": 600, "kmh": 18.0}
        slow = await fleet.http.post(f"/api/v1/roads/{key}/slow", json=body)
        assert [(r["road_key"], r["kmh"]) for r in slow.json()["slow_roads"]] == [(key, 18.0)]
        assert (await fleet.http.get("/api/v1/status")).json()["slow_roads"] == 1
        over = await fleet.http.post(f"/api/v1/roads/{key}/unslow", json={"why": "done"})
        assert over.json()["slow_roads"] == []
        until = {"why": "works", "until_at": fleet.at(60.0), "kmh": 18.0}
        await fleet.http.post(f"/api/v1/roads/{key}/slow", json=until)
        await asyncio.sleep(120.0)
        assert (await fleet.http.get("/api/v1/roads/slow")).json()["slow_roads"] == []
        assert not fleet.area.state.slow_roads

    tell(roads, story)


@pytest.mark.parametrize("kmh", [0.0, -5.0, 0.5, 1000.0, "fast", None])
def test_a_temporary_limit_is_a_speed_that_can_be_driven(roads: SiteRoads, kmh: object) -> None:
    async def story(fleet: Served) -> None:
        body = {"why": "works", "for_s": 600, "kmh": kmh}
        assert (await fleet.http.post(f"/api/v1/roads/{roads.graph.edge_key(0)}/slow", json=body)).status_code == 422

    tell(roads, story)


@pytest.mark.parametrize(
    "body", [{"why": "w"}, {"why": "w", "for_s": 1, "until_at": "2026-11-23T09:00:00Z"}, {"why": "w", "for_s": 0}]
)
def test_a_closure_has_one_end(roads: SiteRoads, body: dict[str, object]) -> None:
    async def story(fleet: Served) -> None:
        key = roads.graph.edge_key(0)
        assert (await fleet.http.post(f"/api/v1/roads/{key}/close", json=body)).status_code == 422
        assert (await fleet.http.post("/api/v1/roads/e1/close", json={"why": "w", "for_s": 1})).status_code == 404

    tell(roads, story)


def test_how_a_vehicle_is_spoken_to_is_shown(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        shown = (await fleet.http.get(f"{VEHICLES}/van-1")).json()
        profile = shown["profile"]
        assert (profile["version"], profile["topic_major"], profile["contradictions"]) == ("2.1.0", 2, [])
        assert profile["has_factsheet"]
        assert shown["is_localized"]
        assert shown["beyond_base"] is None
        assert abs(shown["heard"]["clock_ahead_s"]) < 2.0

    tell(roads, story, with_vehicles=True)


def test_a_vehicle_that_does_not_offer_to_sleep_is_not_sent_to_sleep(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        refused = await fleet.http.post(f"{VEHICLES}/van-1/hibernate", json=WHY)
        assert refused.status_code == 409
        assert "does not offer startHibernation" in refused.text
        awake = await fleet.http.post(f"{VEHICLES}/van-1/wake", json=WHY)
        assert "nothing to wake" in awake.text

    tell(roads, story, with_vehicles=True)


@pytest.mark.vda5050("10.15")
def test_the_way_and_arrival_that_a_vehicle_tells_are_shown_and_may_be_missing() -> None:
    way = (Waypoint(x_m=0.0, y_m=0.0, eta_s=NOW_S), Waypoint(x_m=90.0, y_m=0.0, eta_s=NOW_S + 60.0))

    def own_way(*waypoints: Waypoint) -> OwnWayOut | None:
        heard = Heard(a_state(), None, None, NOW_S, waypoints)
        state = opened(town())
        return vehicle_detail(state, state.twin(VAN_1), heard, town().graph, NOW_S).own_way

    shown = own_way(*way)
    assert shown is not None
    assert (len(shown.points), shown.arrival_at) == (2, utc_text(NOW_S + 60.0))
    assert own_way() is None
    endless = own_way(Waypoint(x_m=0.0, y_m=0.0, eta_s=1e300))
    assert endless is not None
    assert endless.arrival_at is None

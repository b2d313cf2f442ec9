from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from fleet.api.app import build_app
from fleet.api.guard import BODY_BYTES_MAX
from fleet.api.reference import render
from fleet.journal.store import SqlStore
from fleet.roads.site_roads import SiteRoads
from tests.unit.test_api_small_fleet import HOUR_S, Served, roads, small_site, tell

__all__ = ["roads", "small_site"]


def test_places_are_shown_with_what_waits_there(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"), fleet.run("r2"))
        [station] = (await fleet.http.get("/api/v1/stations")).json()["stations"]
        assert (station["station_id"], station["vehicles"], station["open_runs"]) == ("depot", 2, 2)
        points = (await fleet.http.get("/api/v1/points")).json()["points"]
        assert {point["point_id"]: point["open_runs"] for point in points} == {"north": 2, "east": 0}

    tell(roads, story)


def test_the_plan_shows_trips_with_times_and_runs_left_out_with_reasons(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"), fleet.run("heavy", mass_kg=50_000.0))
        plan = (await fleet.http.get("/api/v1/plan")).json()
        assert plan["version"] >= 1
        [trip] = plan["trips"]
        assert trip["stops"][0]["run_ids"] == ["r1"]
        assert trip["load_from_at"] <= trip["depart_at"] < trip["stops"][0]["arrive_at"] < trip["return_at"]
        assert [(u["run_id"], u["reason"]) for u in plan["unassigned"]] == [("heavy", "too_heavy_for_every_vehicle")]
        trips = (await fleet.http.get("/api/v1/trips", params={"vehicle": trip["vehicle_id"]})).json()
        assert [t["trip_id"] for t in trips["trips"]] == [trip["trip_id"]]
        assert (await fleet.http.get(f"/api/v1/trips/{trip['trip_id']}")).json()["runs"] == 1
        assert (await fleet.http.get("/api/v1/trips/none")).status_code == 404

    tell(roads, story, with_vehicles=True)


def test_assists_say_what_waits_for_whom_since_when(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("heavy", mass_kg=50_000.0))
        await asyncio.sleep(600.0)
        assists = (await fleet.http.get("/api/v1/assists")).json()["assists"]
        found = next(a for a in assists if a["subject"] == "run:heavy")
        assert (found["cause"], found["is_overdue"]) == ("run_unserved", True)
        assert found["age_s"] == pytest.approx(600.0, abs=5.0)

    tell(roads, story, with_vehicles=True)


def test_the_status_tells_the_day_in_figures(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        empty = (await fleet.http.get("/api/v1/status")).json()
        assert empty["on_time_share"] is None
        assert empty["figures"]["plan_ms"] == {"p50": None, "p99": None}
        await fleet.submit(fleet.run("r1"), fleet.run("r2", point_id="east"), fleet.run("r3"))
        await fleet.http.post("/api/v1/runs/r3/cancel", json={"why": "a test"})
        await asyncio.sleep(HOUR_S)
        status = (await fleet.http.get("/api/v1/status")).json()
        assert {name: status["runs"][name] for name in ("requested", "delivered", "cancelled", "open")} == {
            "requested": 3,
            "delivered": 2,
            "cancelled": 1,
            "open": 0,
        }
        assert status["parcels"] == {
            "requested": 9,
            "delivered": 6,
            "returned": 0,
            "open": 0,
            "cancelled": 3,
            "lost": 0,
        }
        assert status["on_time_share"] == 1.0
        assert sum(status["vehicles"].values()) == 2
        figures = status["figures"]
        assert figures["orders_sent"] >= 4
        assert figures["orders_rejected"] == 0
        assert figures["schema_violations"] == 0
        assert figures["events"] == status["journal"]["seq"] == figures["counted_to_seq"]
        assert status["broker"] == {"is_up": True, "trouble": None}
        assert status["journal"]["has_lease"]

    tell(roads, story, with_vehicles=True)


def test_counted_orders_survive_a_restart(roads: SiteRoads) -> None:
    store, counts = SqlStore("sqlite://"), []

    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        await asyncio.sleep(HOUR_S)
        counts.append((await fleet.http.get("/api/v1/status")).json()["figures"]["orders_sent"])

    async def after(fleet: Served) -> None:
        counts.append((await fleet.http.get("/api/v1/status")).json()["figures"]["orders_sent"])

    tell(roads, story, store=store, with_vehicles=True)
    tell(roads, after, store=store)
    assert counts[0] == counts[1] > 0


def test_it_is_ready_once_journal_link_and_lease_are_good(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        ready = await fleet.http.get("/readyz")
        assert ready.status_code == 200
        assert set(ready.json()["checks"]) == {"journal", "link", "lease"}
        fleet.broker.stop()
        await asyncio.sleep(60.0)
        down = await fleet.http.get("/readyz")
        assert down.status_code == 503
        assert not down.json()["checks"]["link"]["ok"]
        assert down.json()["checks"]["link"]["reason"]
        assert down.json()["checks"]["journal"]["ok"]
        assert (await fleet.http.get("/healthz")).json()["status"] == "ok"

    tell(roads, story, with_vehicles=True)


def test_metrics_are_those_of_this_area_alone(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        build_app(fleet.area)  # a second one in the same process takes no name away
        text = (await fleet.http.get("/metrics")).text
        for line in (
            'fleet_vehicles{phase="idle"} 2.0',
            'fleet_runs{phase="assigned"} 1.0',
            "fleet_assists_open 0.0",
            'fleet_turn_duration_seconds{quantile="0.99"}',
            "fleet_journal_writable 1.0",
            'fleet_orders_total{result="sent"}',
        ):
            assert line in text
        assert 'fleet_vehicle_silence_seconds{vehicle="van-1"}' in text

    tell(roads, story, with_vehicles=True)


def test_the_document_of_the_api_lists_every_path(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        document = (await fleet.http.get("/openapi.json")).json()
        wanted = {"runs", "vehicles", "stations", "points", "trips", "assists", "plan", "status", "events"}
        assert {f"/api/v1/{name}" for name in wanted} | {"/healthz", "/readyz", "/metrics"} <= set(document["paths"])

    tell(roads, story)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/api/v1/runs", 405)])
def test_a_wrong_address_is_told_in_the_same_shape(roads: SiteRoads, method: str, path: str, status: int) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.http.request(method, path)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"code", "message", "remedy"}

    tell(roads, story)


def test_a_body_beyond_the_bound_is_turned_away(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
        said = await fleet.http.post("/api/v1/runs", content=b"x" * (BODY_BYTES_MAX + 1), headers=headers)
        unsaid = await fleet.http.post("/api/v1/runs", content=_stream(), headers=headers)
        for answer in (said, unsaid):
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        why = await fleet.http.post("/api/v1/vehicles/van-1/pause", content=_stream(), headers=headers)
        assert why.status_code == 413

    tell(roads, story)


async def _stream() -> AsyncIterator[bytes]:
    for _ in range(BODY_BYTES_MAX // 65_536 + 2):
        yield b" " * 65_536


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "fleet.example"}, 403),
        ({"Host": "[::1]:8700"}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[broken"}, 403),
    ],
)
def test_only_names_of_this_machine_are_answered(roads: SiteRoads, headers: dict[str, str], status: int) -> None:
    async def story(fleet: Served) -> None:
        assert (await fleet.http.get("/api/v1/status", headers=headers)).status_code == status

    tell(roads, story)


def test_a_page_of_another_site_cannot_command_the_fleet(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        path, body = "/api/v1/vehicles/van-1/pause", {"why": "a test"}
        foreign = await fleet.http.post(path, json=body, headers={"Origin": "https://elsewhere.example"})
        own = await fleet.http.post(path, json=body, headers={"Origin": "http://127.0.0.1:8700"})
        assert (foreign.status_code, own.status_code) == (403, 200)

    tell(roads, story)


def test_an_error_of_ours_shows_no_trace(roads: SiteRoads, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(fleet: Served) -> None:
        monkeypatch.delattr(fleet.area, "site")
        with structlog.testing.capture_logs() as logs:
            answer = await fleet.http.get("/api/v1/stations")
        assert [entry["event"] for entry in logs] == ["api_failed"]
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal"
        assert "Traceback" not in answer.text
        assert "AttributeError" not in answer.text
        monkeypatch.undo()

    tell(roads, story)


def test_the_reference_in_docs_is_what_the_application_says() -> None:
    path = Path(__file__).resolve().parents[2] / "docs" / "api.md"
    assert path.read_text(encoding="utf-8") == render()

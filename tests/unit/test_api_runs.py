from __future__ import annotations

import asyncio

import pytest

from fleet.journal.store import SqlStore
from fleet.model.ids import RunId
from fleet.model.run import RunPhase
from fleet.roads.site_roads import SiteRoads
from tests.unit.test_api_small_fleet import HOUR_S, START_S, Served, roads, small_site, tell

__all__ = ["roads", "small_site"]
RUNS = "/api/v1/runs"
KEY = {"Idempotency-Key": "k1"}


def test_a_run_is_answered_once_it_is_committed(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.http.post(RUNS, json=fleet.run("r1"), headers=KEY)
        assert answer.status_code == 201
        body = answer.json()
        assert [run["run_id"] for run in body["runs"]] == ["r1"]
        assert not body["is_repeat"]
        assert fleet.area.parts.store.head("small").seq == body["seq"]

    tell(roads, story)


def test_mass_and_volume_are_reckoned_where_nobody_gives_them(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        [run] = (await fleet.submit(fleet.run(parcels=100))).json()["runs"]
        assert run["mass_kg"] == pytest.approx(120.0)
        assert run["volume_m3"] == pytest.approx(100 / 110, abs=1e-6)

    tell(roads, story)


def test_runs_may_come_as_one_as_a_list_or_as_a_batch(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        for nth, body in enumerate([fleet.run(None), [fleet.run(None)] * 2, {"runs": [fleet.run(None)] * 3}], start=1):
            answer = await fleet.http.post(RUNS, json=body, headers={"Idempotency-Key": f"k{nth}"})
            assert answer.status_code == 201
            assert len(answer.json()["runs"]) == nth

    tell(roads, story)


def test_an_offset_is_read_and_utc_is_answered(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        [run] = (await fleet.submit(fleet.run(due_at="2026-11-23T10:00:00+01:00"))).json()["runs"]
        assert run["due_at"] == "2026-11-23T09:00:00.000Z"

    tell(roads, story)


def test_the_same_key_with_the_same_content_makes_no_second_run(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        first = await fleet.submit(fleet.run(None), fleet.run(None))
        again = await fleet.submit(fleet.run(None), fleet.run(None))
        assert (first.status_code, again.status_code) == (201, 200)
        assert [r["run_id"] for r in again.json()["runs"]] == [r["run_id"] for r in first.json()["runs"]]
        assert again.json()["is_repeat"]
        assert len(fleet.area.state.runs) == 2

    tell(roads, story)


def test_a_repeat_is_known_after_a_restart(roads: SiteRoads) -> None:
    store = SqlStore("sqlite://")

    async def before(fleet: Served) -> None:
        assert (await fleet.submit(fleet.run("r1"))).status_code == 201

    async def after(fleet: Served) -> None:
        assert (await fleet.submit(fleet.run("r1"))).status_code == 200
        assert (await fleet.submit(fleet.run("r2"))).status_code == 422
        assert list(fleet.area.state.runs) == ["r1"]

    tell(roads, before, store=store)
    tell(roads, after, store=store)


def test_the_same_key_with_other_content_is_refused(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        answer = await fleet.submit(fleet.run("r2"))
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "key_reused"
        assert "new Idempotency-Key" in answer.json()["error"]["remedy"]
        assert len(fleet.area.state.runs) == 1

    tell(roads, story)


@pytest.mark.parametrize(("key", "code"), [(None, "key_missing"), ("two words", "key_unusable"), ("", "key_unusable")])
def test_runs_without_a_usable_key_are_not_taken(roads: SiteRoads, key: str | None, code: str) -> None:
    async def story(fleet: Served) -> None:
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await fleet.http.post(RUNS, json=fleet.run(), headers=headers)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == code
        assert answer.json()["error"]["remedy"]

    tell(roads, story)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"due_at": "2026-11-23T08:00:00"}, "due_at", "has no zone"),
        ({"due_at": "tomorrow"}, "due_at", "is no instant"),
        ({"due_at": 1795417200}, "due_at", "is no instant"),
        ({"due_at": "2026-11-23T06:00:00Z"}, "due_at", "not later than ready_at"),
        ({"ready_at": "0001-01-01T00:00:00Z"}, "ready_at", "is not between"),
        ({"station_id": "depo"}, "station_id", "did you mean depot?"),
        ({"point_id": "nowhere"}, "point_id", "no such point"),
        ({"parcels": 0}, "parcels", "greater than or equal to 1"),
        ({"parcels": "3"}, "parcels", "valid integer"),
        ({"parcels": True}, "parcels", "valid integer"),
        ({"parcels": None}, "parcel_ids", "neither"),
        ({"parcel_ids": ["p1"]}, "parcel_ids", "lists 1 parcels"),
        ({"mass_kg": -1.0}, "mass_kg", "greater than 0"),
        ({"run_id": "a/b"}, "run_id", "pattern"),
        ({"brand": "a\nb"}, "brand", "pattern"),
        ({"colour": "red"}, "colour", "not permitted"),
        ({"priority": 101}, "priority", "less than or equal to 100"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_remedy(
    roads: SiteRoads, changes: dict[str, object], field: str, message: str
) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.submit(fleet.run("good"), fleet.run("bad") | changes)
        assert answer.status_code == 422
        [fault] = answer.json()["error"]["fields"]
        assert fault["field"] == f"runs[1].{field}"
        assert message in fault["message"]
        assert fault["remedy"]
        assert not fleet.area.state.runs

    tell(roads, story)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b"\xff", "application/json", 400, "not_json"),
        (b"[" * 10_000, "application/json", 400, "not_json"),
        (b"[]", "application/json", 422, "invalid"),
        (b'{"runs": 3}', "application/json", 422, "invalid"),
        (b'{"runs": [], "more": 1}', "application/json", 422, "invalid"),
        (b"3", "application/json", 422, "invalid"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"", "", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_no_run_is_refused(
    roads: SiteRoads, body: bytes, content_type: str, status: int, code: str
) -> None:
    async def story(fleet: Served) -> None:
        headers = KEY | ({"Content-Type": content_type} if content_type else {})
        answer = await fleet.http.post(RUNS, content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    tell(roads, story)


def test_a_name_given_twice_is_refused_as_a_whole(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.submit(fleet.run("r1"), fleet.run("r1"))
        assert answer.json()["error"]["fields"][0]["message"] == "stands twice"
        assert (await fleet.submit(fleet.run("r1"))).status_code == 201
        known = await fleet.submit(fleet.run("r1"), key="k2")
        assert (known.status_code, known.json()["error"]["code"]) == (409, "refused")

    tell(roads, story)


def test_a_batch_beyond_the_bound_is_refused(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        answer = await fleet.submit(*[fleet.run(None)] * 1001)
        assert answer.status_code == 422
        assert "1001 runs" in answer.json()["error"]["message"]
        answer = await fleet.submit(*[fleet.run(None, parcels=5000)] * 21)
        assert "105000 parcels" in answer.json()["error"]["message"]

    tell(roads, story)


def test_a_dry_run_tells_the_trip_and_accepts_nothing(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        seq = fleet.area.head_seq
        answer = await fleet.http.post(RUNS, json=fleet.run("r1"), params={"dry_run": "true"})
        assert answer.status_code == 200
        [run] = answer.json()["runs"]
        assert run["vehicle_id"] in ("van-1", "van-2")
        assert run["late_s"] == 0.0
        assert answer.json()["cost_then"] > answer.json()["cost_now"]
        assert not fleet.area.state.runs
        assert fleet.area.head_seq == seq

    tell(roads, story, with_vehicles=True)


def test_runs_are_listed_in_pages_and_by_filter(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        runs = [fleet.run(f"r{n}", point_id="north" if n % 2 else "east", brand="b1") for n in range(1, 12)]
        await fleet.submit(*runs)
        names: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = (await fleet.http.get(RUNS, params={"limit": "4", **after})).json()
            assert page["total"] == 11
            names += [run["run_id"] for run in page["runs"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert names == [f"r{n}" for n in range(1, 12)]
        for query, count in (
            ({"point": "north"}, 6),
            ({"station": "depot"}, 11),
            ({"brand": "b2"}, 0),
            ({"phase": "delivered"}, 0),
        ):
            assert (await fleet.http.get(RUNS, params=query)).json()["total"] == count

    tell(roads, story)


def test_a_page_has_a_bound(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        for query in ({"limit": "1001"}, {"limit": "0"}, {"phase": "gone"}):
            answer = await fleet.http.get(RUNS, params=query)
            assert answer.status_code == 422
            assert answer.json()["error"]["fields"]

    tell(roads, story)


def test_an_unknown_run_is_not_found(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        for path in ("", "/why"):
            answer = await fleet.http.get(f"{RUNS}/none{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown")
        answer = await fleet.http.post(f"{RUNS}/none/cancel", json={"why": "a test"})
        assert answer.status_code == 404

    tell(roads, story)


def test_a_run_is_cancelled_by_name_and_the_journal_says_by_whom(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        answer = await fleet.http.post(f"{RUNS}/r1/cancel", json={"why": "not needed"}, headers={"X-Actor": "ana"})
        assert answer.json()["phase"] == "cancelled"
        assert answer.json()["cause"] == "not needed"
        records = fleet.area.parts.store.records("small", 0, 100)
        assert [record.actor for record in records if record.type == "RunCancelled"] == ["ana"]
        assert (await fleet.http.post(f"{RUNS}/r1/cancel", json={"why": "again"})).status_code == 200

    tell(roads, story)


def test_a_delivered_run_can_no_longer_be_cancelled(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        await asyncio.sleep(HOUR_S)
        shown = (await fleet.http.get(f"{RUNS}/r1")).json()
        assert shown["phase"] == "delivered"
        assert not shown["can_cancel"]
        assert shown["custody"] == {"point:north": 3}
        answer = await fleet.http.post(f"{RUNS}/r1/cancel", json={"why": "too late"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "refused")

    tell(roads, story, with_vehicles=True)


def test_why_names_the_reason_for_having_no_trip(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1", mass_kg=50_000.0))
        answer = (await fleet.http.get(f"{RUNS}/r1/why")).json()
        codes = [reason["code"] for reason in answer["reasons"]]
        assert "unassigned:too_heavy_for_every_vehicle" in codes
        assert "assist:run_unserved" in codes

    tell(roads, story, with_vehicles=True)


def test_why_tells_the_trip_the_lateness_and_the_history(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1", due_at=fleet.at(120.0)), fleet.run("r2", point_id="east"))
        await asyncio.sleep(60.0)
        answer = (await fleet.http.get(f"{RUNS}/r1/why")).json()
        codes = [reason["code"] for reason in answer["reasons"]]
        assert "trip" in codes
        assert "will_be_late" in codes
        assert answer["run"]["late_s"] > 0
        history = answer["history"]
        assert history[0]["type"] == "RunsAccepted"
        assert [run["id"] for run in history[0]["data"]["runs"]] == ["r1"]
        assert [event["seq"] for event in history] == sorted(event["seq"] for event in history)
        await asyncio.sleep(HOUR_S)
        types = [event["type"] for event in (await fleet.http.get(f"{RUNS}/r1/why")).json()["history"]]
        assert {"ParcelsLoaded", "ParcelsDelivered"} <= set(types)

    tell(roads, story, with_vehicles=True)


def test_a_full_store_answers_503_with_nothing_half_done_and_heals(roads: SiteRoads) -> None:
    store = SqlStore("sqlite://")

    def limit(pages: int) -> int:
        with store._engine.connect() as connection:
            return int(connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one())

    async def story(fleet: Served) -> None:
        limit(1)  # the least that SQLite grants is what it has
        many = [fleet.run(f"r{n}", parcels=500) for n in range(100)]
        refused = await fleet.submit(*many)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert refused.json()["error"]["code"] == "journal_unavailable"
        assert not fleet.area.state.runs
        ready = await fleet.http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["journal"]["reason"]
        limit(1_000_000)
        await asyncio.sleep(5.0)
        again = await fleet.submit(*many)
        assert again.status_code == 201
        assert len(fleet.area.state.runs) == 100
        assert (await fleet.http.get("/readyz")).json()["checks"]["journal"]["ok"]
        assert fleet.area.state.run(RunId("r1")).phase in (RunPhase.REQUESTED, RunPhase.ASSIGNED)

    tell(roads, story, store=store)


def test_the_beginning_is_the_morning_it_says() -> None:
    assert START_S % 86_400 == 7 * HOUR_S

"""Long after: what was asked and delivered long ago is still answered for, and never taken in twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from fleet.journal.replay import all_records, fold
from fleet.journal.store import SqlStore
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from tests.unit.test_api_small_fleet import HOUR_S, Served, small_site, tell
from tests.unit.test_api_small_fleet import roads as long_keeping

__all__ = ["long_keeping", "small_site"]
RUNS = "/api/v1/runs"
SOON_S, LATER_S = 1200.0, 2400.0


@pytest.fixture
def roads(long_keeping: SiteRoads) -> SiteRoads:
    """The small fleet, which keeps what ended for twenty minutes: vehicles that speak for days take their time."""
    site = long_keeping.site
    policy = replace(site.policy, keep_ended_s=HOUR_S / 3, keep_messages_s=HOUR_S / 3)
    return SiteRoads(replace(site, policy=policy), long_keeping.graph)


async def long_after(fleet: Served) -> None:
    """r1 is delivered, r2 cancelled; then time goes by, and both leave the state."""
    await fleet.submit(fleet.run("r1", parcels=None, parcel_ids=["p1", "p2"]), key="k1")
    later = {"ready_at": fleet.at(2 * HOUR_S), "due_at": fleet.at(3 * HOUR_S)}
    await fleet.submit(fleet.run("r2", parcels=None, parcel_ids=["p3", "p4"], **later), key="k2")
    await fleet.http.post(f"{RUNS}/r2/cancel", json={"why": "not wanted"})
    await asyncio.sleep(SOON_S)
    assert fleet.area.state.runs["r1"].phase == "delivered"  # type: ignore[index]  # by its plain name
    await asyncio.sleep(LATER_S)
    assert not fleet.area.state.runs
    assert not fleet.area.state.custody
    assert not fleet.area.state.keys


def test_an_archived_run_is_still_shown_with_its_parcels_and_vehicle(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        await asyncio.sleep(SOON_S)
        before = (await fleet.http.get(f"{RUNS}/r1")).json()
        trip_before = (await fleet.http.get(f"/api/v1/trips/{before['trip_id']}")).json()
        await asyncio.sleep(LATER_S)
        assert not fleet.area.state.runs
        assert (await fleet.http.get(f"{RUNS}/r1")).json() == before
        assert before["vehicle_id"]
        assert before["custody"] == {"point:north": 3}
        assert (await fleet.http.get(f"/api/v1/trips/{before['trip_id']}")).json() == trip_before
        assert (await fleet.http.get(f"{RUNS}/r2")).status_code == 404

    tell(roads, story, with_vehicles=True)


def test_why_still_tells_the_story_of_an_archived_run(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await long_after(fleet)
        why = (await fleet.http.get(f"{RUNS}/r1/why")).json()
        assert why["reasons"][0]["code"] == "phase:delivered"
        told = [entry["type"] for entry in why["history"]]
        assert told[0] == "RunsAccepted"
        assert {"ParcelsLoaded", "ParcelsDelivered"} <= set(told)

    tell(roads, story, with_vehicles=True)


def test_the_key_of_an_archived_run_answers_as_it_did_then(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await long_after(fleet)
        again = await fleet.submit(fleet.run("r1", parcels=None, parcel_ids=["p1", "p2"]), key="k1")
        assert again.status_code == 200
        assert again.json()["is_repeat"]
        assert [run["phase"] for run in again.json()["runs"]] == ["delivered"]
        other = await fleet.submit(fleet.run("r9"), key="k1")
        assert (other.status_code, other.json()["error"]["code"]) == (422, "key_reused")
        assert not fleet.area.state.runs

    tell(roads, story, with_vehicles=True)


@pytest.mark.parametrize("dry", [{}, {"dry_run": "true"}])
def test_the_name_of_an_archived_run_is_never_used_again(roads: SiteRoads, dry: dict[str, str]) -> None:
    async def story(fleet: Served) -> None:
        await long_after(fleet)
        again = await fleet.submit(fleet.run("r1"), key="k9", **dry)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "refused")
        assert "known already" in again.json()["error"]["message"]
        parcel = await fleet.submit(fleet.run("r9", parcels=None, parcel_ids=["p1"]), key="k9", **dry)
        assert parcel.status_code == 409
        assert "at point north in run r1, which is delivered" in parcel.json()["error"]["message"]

    tell(roads, story, with_vehicles=True)


def test_parcels_that_an_archived_run_left_behind_go_out_again(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await long_after(fleet)
        window = {"ready_at": fleet.at(HOUR_S), "due_at": fleet.at(2 * HOUR_S)}
        sent = await fleet.submit(fleet.run("r3", parcels=None, parcel_ids=["p3", "p4"], **window), key="k3")
        assert sent.status_code == 201
        await asyncio.sleep(SOON_S)
        run = (await fleet.http.get(f"{RUNS}/r3")).json()
        assert (run["phase"], run["custody"]) == ("delivered", {"point:north": 2})
        assert (await fleet.http.get(f"{RUNS}/r2")).json()["phase"] == "cancelled"

    tell(roads, story, with_vehicles=True)


def test_parcels_of_a_cancelled_run_go_out_again_at_once(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1", parcels=None, parcel_ids=["p1", "p2"]), key="k1")
        await fleet.http.post(f"{RUNS}/r1/cancel", json={"why": "wrong window"})
        again = await fleet.submit(fleet.run("r2", parcels=None, parcel_ids=["p1", "p2"]), key="k2")
        assert again.status_code == 201
        await asyncio.sleep(SOON_S)
        assert (await fleet.http.get(f"{RUNS}/r1")).json()["custody"] == {"run:r2": 2}
        assert (await fleet.http.get(f"{RUNS}/r2")).json()["custody"] == {"point:north": 2}
        third = await fleet.submit(fleet.run("r3", parcels=None, parcel_ids=["p1"]), key="k3")
        assert "at point north in run r2" in third.json()["error"]["message"]

    tell(roads, story, with_vehicles=True)


def test_the_archive_outlives_a_restart_and_the_journal_still_tells_the_state(roads: SiteRoads) -> None:
    store = SqlStore("sqlite://")
    tell(roads, long_after, store=store, with_vehicles=True)

    async def next_day(fleet: Served) -> None:
        assert (await fleet.http.get(f"{RUNS}/r1")).json()["phase"] == "delivered"
        assert (await fleet.submit(fleet.run("r1"), key="k9")).status_code == 409
        cancel = await fleet.http.post(f"{RUNS}/r1/cancel", json={"why": "late"})
        assert "can no longer be cancelled" in cancel.json()["error"]["message"]
        assert fold(FleetState(), all_records(store, "small")) == fleet.area.state

    tell(roads, next_day, store=store)
    store.close()


def test_the_figures_say_how_many_runs_are_archived(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await long_after(fleet)
        runs = (await fleet.http.get("/api/v1/status")).json()["runs"]
        assert (runs["archived"], runs["requested"]) == (2, 0)

    tell(roads, story, with_vehicles=True)


def test_words_that_were_said_long_ago_are_forgotten_and_their_digests_kept(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        await asyncio.sleep(SOON_S)
        store = fleet.area.parts.store
        assert all(row["body"] for row in store.rows("outbox", "small"))
        await asyncio.sleep(LATER_S)
        rows = store.rows("outbox", "small")
        assert rows
        assert not any(row["body"] for row in rows if row["topic"] == "order")
        assert all(row["digest"] for row in rows)

    tell(roads, story, with_vehicles=True)


def test_the_database_itself_refuses_to_write_over_an_archived_run(roads: SiteRoads) -> None:
    store = SqlStore("sqlite://")
    tell(roads, long_after, store=store, with_vehicles=True)
    for change in ("UPDATE run SET phase = 'requested'", "DELETE FROM run", "UPDATE trip SET phase = 'planned'"):
        with store._engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="archived"):
            connection.exec_driver_sql(change)
    store.close()

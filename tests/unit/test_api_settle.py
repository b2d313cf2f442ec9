"""What nobody is sure of is settled over the API, with simulated vans that go on afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from fleet.roads.site_roads import SiteRoads
from tests.unit.test_api_small_fleet import HOUR_S, Served, roads, small_site, tell

__all__ = ["roads", "small_site"]
WHY = {"why": "a test"}


async def loaded_van(fleet: Served) -> str:
    """The van that has r1 aboard and is on its way."""
    await fleet.submit(fleet.run("r1"))
    with fleet.app.state.reception.bell.heard() as news:
        while True:
            found = [v for v, twin in fleet.area.state.twins.items() if twin.aboard and twin.order_id]
            if found and fleet.area.state.active_order(found[0]).purpose == "deliver":  # type: ignore[union-attr]
                return str(found[0])
            news.clear()
            await news.wait()


async def ended(fleet: Served) -> str:
    """Its order was ended by hand, so that nobody is sure where r1 is."""
    van = await loaded_van(fleet)
    refused = await fleet.http.post(f"/api/v1/vehicles/{van}/end-order", json=WHY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "refused")
    assert (await fleet.http.post(f"/api/v1/vehicles/{van}/pause", json=WHY)).status_code == 200
    over = (await fleet.http.post(f"/api/v1/vehicles/{van}/end-order", json=WHY)).json()
    assert (over["order_id"], over["trip_id"], over["aboard"], over["phase"]) == (None, None, [], "held")
    return van


async def settle(fleet: Served, **body: object) -> httpx.Response:
    return await fleet.http.post("/api/v1/runs/r1/settle", json=WHY | body)


def told(roads: SiteRoads, story: Callable[[Served], Awaitable[None]]) -> None:
    tell(roads, story, with_vehicles=True)


def test_a_run_found_aboard_comes_home_once_its_van_is_released(roads: SiteRoads) -> None:
    """The van drops its old order first; its trip is over, so it brings the parcels back."""

    async def story(fleet: Served) -> None:
        van = await ended(fleet)
        await asyncio.sleep(60.0)
        run = (await settle(fleet, at=f"vehicle:{van}")).json()
        assert (run["phase"], run["custody"]) == ("under_way", {f"vehicle:{van}": 3})
        await fleet.http.post(f"/api/v1/vehicles/{van}/resume", json=WHY)
        await asyncio.sleep(HOUR_S)
        run = (await fleet.http.get("/api/v1/runs/r1")).json()
        assert (run["phase"], run["custody"]) == ("returned", {"station:depot": 3})
        assert (await fleet.http.get("/api/v1/assists")).json()["assists"] == []

    told(roads, story)


def test_a_settled_run_tells_why_and_by_whom(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await ended(fleet)
        one = await settle(fleet, at="missing", parcel_ids=["r1.002"])
        assert one.json()["missing_parcels"] == ["r1.002"]
        rest = await fleet.http.post(
            "/api/v1/runs/r1/settle", json={"why": "the clerk has them", "at": "point"}, headers={"X-Actor": "ana"}
        )
        assert (rest.json()["phase"], rest.json()["delivered_parcels"]) == ("lost", 2)
        why = (await fleet.http.get("/api/v1/runs/r1/why")).json()
        texts = {reason["code"]: reason["text"] for reason in why["reasons"]}
        assert texts["phase:lost"] == "1 of 3 parcels are missing"
        assert texts["settled"].endswith("2 parcels at point:north: the clerk has them")
        assert ("ParcelsSettled", "ana") in {(each["type"], each["actor"]) for each in why["history"]}

    told(roads, story)


def test_missing_parcels_are_counted_as_lost(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await ended(fleet)
        await settle(fleet, at="missing")
        status = (await fleet.http.get("/api/v1/status")).json()
        counts = {"requested": 3, "delivered": 0, "returned": 0, "open": 0, "cancelled": 0, "lost": 3}
        assert status["parcels"] == counts
        assert (status["runs"]["lost"], status["runs"]["open"]) == (1, 0)

    told(roads, story)


def test_the_same_settlement_twice_is_answered_twice_and_another_one_refused(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await ended(fleet)
        first, again = await settle(fleet, at="point"), await settle(fleet, at="point")
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()
        other = await settle(fleet, at="station")
        assert (other.status_code, other.json()["error"]["code"]) == (409, "refused")

    told(roads, story)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"at": "moon"}, 422),
        ({"at": "vehicle:"}, 422),
        ({}, 422),
        ({"at": "point", "by": "me"}, 422),
        ({"at": "point", "parcel_ids": ["r1.009"]}, 404),
        ({"at": "vehicle:van-9"}, 404),
        ({"at": "point", "try_again": True}, 409),
    ],
)
def test_a_settlement_that_cannot_be_is_refused(roads: SiteRoads, body: dict[str, object], status: int) -> None:
    async def story(fleet: Served) -> None:
        await ended(fleet)
        assert (await settle(fleet, **body)).status_code == status

    told(roads, story)


def test_an_assist_shows_what_ends_it_and_is_closed_only_when_nothing_stands(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await ended(fleet)
        [assist] = (await fleet.http.get("/api/v1/assists")).json()["assists"]
        assert assist["remedy"] == "fleet run settle r1"
        path = f"/api/v1/assists/{assist['assist_id']}"
        shown = (await fleet.http.get(path)).json()
        assert (shown["assist_id"], shown["cause"]) == (assist["assist_id"], "parcels_unsure")
        refused = await fleet.http.post(f"{path}/resolve", json=WHY)
        assert refused.status_code == 409
        assert "fleet run settle r1" in refused.json()["error"]["message"]
        await settle(fleet, at="point")
        assert (await fleet.http.get(path)).status_code == 404
        assert (await fleet.http.post(f"{path}/resolve", json=WHY)).status_code == 404

    told(roads, story)


def test_a_run_that_no_vehicle_can_take_calls_nobody_once_it_is_cancelled(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("big", parcels=5000))
        [assist] = (await fleet.http.get("/api/v1/assists")).json()["assists"]
        assert assist["cause"] == "run_unserved"
        await fleet.http.post("/api/v1/runs/big/cancel", json=WHY)
        assert (await fleet.http.get("/api/v1/assists")).json()["assists"] == []

    told(roads, story)


def test_a_silent_vehicle_that_was_taken_out_of_service_is_closed_by_hand(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await asyncio.sleep(130.0)
        calls = (await fleet.http.get("/api/v1/assists")).json()["assists"]
        assert {call["cause"] for call in calls} == {"vehicle_lost"}
        name = next(call["assist_id"] for call in calls if call["subject"] == "vehicle:van-1")
        assert (await fleet.http.post(f"/api/v1/assists/{name}/resolve", json=WHY)).status_code == 409
        await fleet.http.post("/api/v1/vehicles/van-1/pause", json=WHY)
        closed = await fleet.http.post(f"/api/v1/assists/{name}/resolve", json=WHY)
        assert (closed.status_code, closed.json()["assist_id"]) == (200, name)
        left = (await fleet.http.get("/api/v1/assists")).json()["assists"]
        assert [call["subject"] for call in left] == ["vehicle:van-2"]

    tell(roads, story)

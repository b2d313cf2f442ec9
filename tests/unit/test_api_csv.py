from __future__ import annotations

import httpx
import pytest

from fleet.roads.site_roads import SiteRoads
from tests.unit.test_api_small_fleet import Served, roads, small_site, tell

__all__ = ["roads", "small_site"]
HEADER = "run_id,station_id,point_id,parcels,ready_at,due_at"
GOOD = "r1,depot,north,3,2026-11-23T07:30:00Z,2026-11-23T09:00:00Z"


async def post(fleet: Served, text: str | bytes, key: str = "k1") -> httpx.Response:
    content = text if isinstance(text, bytes) else text.encode()
    headers = {"Idempotency-Key": key, "Content-Type": "text/csv; charset=utf-8"}
    return await fleet.http.post("/api/v1/runs", content=content, headers=headers)


def test_each_row_of_a_csv_is_a_run(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        rows = [GOOD, "", "r2,depot,east,,2026-11-23T07:30:00Z,2026-11-23T09:00:00+01:00,p1;p2"]
        answer = await post(fleet, "\ufeff" + "\r\n".join([f"{HEADER},parcel_ids", rows[0] + ",", *rows[1:]]))
        assert answer.status_code == 201, answer.text
        assert [(r["run_id"], r["parcels"]) for r in answer.json()["runs"]] == [("r1", 3), ("r2", 2)]

    tell(roads, story)


def test_all_bad_cells_are_listed_with_line_column_value_and_remedy(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        rows = [
            GOOD,
            "r2,depo,north,3,2026-11-23T07:30:00Z,2026-11-23T09:00:00Z",
            "r3,depot,north,many,2026-11-23T07:30:00,2026-11-23T09:00:00Z",
            "r4,depot,north",
            "r1,depot,north,3,2026-11-23T07:30:00Z,2026-11-23T09:00:00Z",
        ]
        answer = await post(fleet, "\n".join([HEADER, *rows]))
        assert answer.status_code == 422
        faults = answer.json()["error"]["fields"]
        assert [(fault["line"], fault["field"], fault["value"]) for fault in faults] == [
            (3, "station_id", "depo"),
            (4, "parcels", "many"),
            (4, "ready_at", "2026-11-23T07:30:00"),
            (5, "", "r4,depot,north"),
            (6, "run_id", "r1"),
        ]
        assert all(fault["remedy"] for fault in faults)
        assert not fleet.area.state.runs

    tell(roads, story)


def test_a_line_is_counted_where_its_row_begins(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        answer = await post(fleet, f'{HEADER},brand\n{GOOD},"two\nlines"\n{GOOD.replace("r1", "r2")},a\n')
        assert [fault["line"] for fault in answer.json()["error"]["fields"]] == [2]
        answer = await post(fleet, f'{HEADER},brand\n{GOOD},"x"\n\n{GOOD.replace("north", "south")},a\n')
        assert [fault["line"] for fault in answer.json()["error"]["fields"]] == [4]

    tell(roads, story)


@pytest.mark.parametrize(
    ("header", "field", "remedy"),
    [
        (HEADER.replace("point_id", "point"), "point", "did you mean point_id?"),
        (f"{HEADER},parcels", "parcels", "drop one"),
        (HEADER.replace(",due_at", ""), "due_at", "add it"),
    ],
)
def test_a_header_that_does_not_fit_is_told_first(roads: SiteRoads, header: str, field: str, remedy: str) -> None:
    async def story(fleet: Served) -> None:
        faults = (await post(fleet, f"{header}\n{GOOD}\n")).json()["error"]["fields"]
        assert (faults[0]["line"], faults[0]["field"]) == (1, field)
        assert remedy in faults[0]["remedy"]

    tell(roads, story)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (b"", 422, "invalid"),
        (HEADER.encode(), 422, "invalid"),
        (b"\xff\xfe", 400, "not_csv"),
        (f'{HEADER}\nr1,"dep"ot,n,1,a,b\n'.encode(), 400, "not_csv"),
        (f'{HEADER}\n"r1'.encode(), 400, "not_csv"),
        (f"{HEADER}\n{'x' * 200_000}\n".encode(), 400, "not_csv"),
    ],
)
def test_a_text_that_is_no_table_is_refused(roads: SiteRoads, text: bytes, status: int, code: str) -> None:
    async def story(fleet: Served) -> None:
        answer = await post(fleet, text)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    tell(roads, story)


def test_the_same_table_twice_is_a_repeat(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        table = f"{HEADER}\n{GOOD}\n"
        assert [(await post(fleet, table)).status_code for _ in range(2)] == [201, 200]

    tell(roads, story)

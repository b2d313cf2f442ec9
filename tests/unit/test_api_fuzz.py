"""Whatever is sent to POST /runs, the answer is never an error of ours."""

from __future__ import annotations

import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.api.run_request import RunIn
from fleet.roads.site_roads import SiteRoads
from tests.unit.test_api_small_fleet import Served, roads, small_site, tell

__all__ = ["roads", "small_site"]
FIELDS = (*RunIn.model_fields, "extra")
INSTANTS = ["2026-11-23T08:00:00Z", "2026-11-23T09:00:00+14:00", "9999-12-31T23:59:59-12:00"]
WORDS = st.sampled_from(["depot", "north", "r1", "", "\x00", *INSTANTS])
NUMBERS = st.integers() | st.floats() | st.just(10**400) | st.just(math.nan)
ATOMS = st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=20)
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
RUNS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=12)
BODIES = st.one_of(
    RUNS, st.lists(RUNS, max_size=3), st.fixed_dictionaries({"runs": st.lists(RUNS, max_size=3)}), VALUES
)
CELLS = st.lists(st.lists(WORDS | st.text(max_size=8), max_size=7), max_size=4)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _all_are_answered(roads: SiteRoads, requests: list[tuple[bytes, str]]) -> None:
    async def story(fleet: Served) -> None:
        for nth, (body, content_type) in enumerate(requests):
            headers = {"Idempotency-Key": f"k{nth}", "Content-Type": content_type}
            for query in ({}, {"dry_run": "true"}):
                answer = await fleet.http.post("/api/v1/runs", content=body, headers=headers, params=query)
                assert answer.status_code < 500, (body, answer.text)
                if answer.status_code >= 300:
                    assert answer.json()["error"]["code"]

    tell(roads, story)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(bodies=st.lists(BODIES, min_size=10, max_size=20))
def test_no_json_breaks_the_api(roads: SiteRoads, bodies: list[object]) -> None:
    texts = [json.dumps(body).encode("ascii") for body in bodies]
    _all_are_answered(roads, [(text, "application/json") for text in texts])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(tables=st.lists(CELLS, min_size=5, max_size=10), raw=st.lists(st.binary(max_size=60), max_size=5))
def test_no_table_and_no_bytes_break_the_api(roads: SiteRoads, tables: list[list[list[str]]], raw: list[bytes]) -> None:
    header = "station_id,point_id,parcels,ready_at,due_at"
    texts = [header + "\n" + "\n".join(",".join(row) for row in table) for table in tables]
    requests = [(text.encode("utf-8", "surrogatepass"), "text/csv") for text in texts]
    requests += [(one, kind) for one in raw for kind in ("text/csv", "application/json")]
    _all_are_answered(roads, requests)

"""How far vehicles were let ahead is counted, and what went beyond the limits is listed."""

from __future__ import annotations

from dataclasses import replace

from fleet.model.order import Order
from fleet.model.site import Limits
from fleet.report.exposure import Why, exposure_json, release_of
from tests.nouns import NOW_S, a_piece, an_order, town

LIMITS = Limits()


def on_the_way(count: int, **changes: object) -> Order:
    path = tuple(a_piece(i, f"n{i}", length_m=100.0) for i in range(count))
    return replace(an_order(), path=path, announced=count, **changes)  # type: ignore[arg-type]  # by field name


def test_a_release_tells_what_is_ahead_what_is_new_and_what_was_left() -> None:
    before = on_the_way(9, passed=2, released=5, passed_s=NOW_S)
    found = release_of(before, replace(before, released=8, update_id=1), None, NOW_S + 4.0)
    assert (found.length_m, found.duration_s, found.gain_s, found.left_s) == (600.0, 60.0, 30.0, 26.0)
    assert (found.is_first, found.is_last, found.why(LIMITS)) == (False, False, Why.WORTH_IT)
    assert found.exceeds(LIMITS)


def test_short_extensions_name_their_reason() -> None:
    before = on_the_way(9, passed=2, released=5)
    little = release_of(before, replace(before, released=6), None, NOW_S)
    asked = release_of(replace(before, wants_base=True), replace(before, released=6), None, NOW_S)
    rest = release_of(replace(before, released=8), replace(before, released=9), None, NOW_S)
    assert [each.why(LIMITS) for each in (little, asked, rest)] == [Why.KEEP_MOVING, Why.ASKED, Why.LAST]


def test_what_goes_beyond_the_limits_is_listed_and_the_rest_is_counted() -> None:
    short, long = on_the_way(9, released=5), on_the_way(9, released=9)
    figures = exposure_json([release_of(None, short, None, NOW_S), release_of(None, long, None, NOW_S)], LIMITS)
    assert figures["releases"] == 2
    assert figures["beyond_limits"] == [
        {
            "at_s": NOW_S,
            "vehicle": "van-1",
            "order": "o-1.0",
            "length_m": 900.0,
            "duration_s": 90.0,
            "ends_at": "n8",
        }
    ]


def test_a_base_that_ends_where_nobody_may_stand_is_counted() -> None:
    graph = town().graph
    key = graph.edge_key(0)
    piece = replace(a_piece(0, "n2", length_m=float(graph.edge_length_m[0])), road_key=key)
    order = replace(on_the_way(2, released=1), path=(piece, a_piece(1, "n3")))
    assert release_of(None, order, graph, NOW_S).is_unsafe
    lawful = replace(piece, to_m=float(graph.edge_stop_m[0]))
    assert not release_of(None, replace(order, path=(lawful, a_piece(1, "n3"))), graph, NOW_S).is_unsafe

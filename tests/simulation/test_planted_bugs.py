"""The tester is tested: each bug planted here must be found by the campaign that is meant to find it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from immutables import Map

from fleet.controller import AreaController
from fleet.controller.scribe import Scribe
from fleet.dispatch import closed, commands, decide, reserve
from fleet.dispatch.intent import Extend
from fleet.dispatch.release import extension
from fleet.errors import FencedError
from fleet.journal import rows
from fleet.journal.commit import Commit
from fleet.model import event as ev
from fleet.orders import carry_out, follow, handover, outlet, take_in, way
from fleet.orders.build import update_message
from fleet.orders.guard import Guard
from fleet.roads import permit, refuse
from fleet.roads.graph import RoadGraph, TextColumn
from fleet.state.apply import APPLIERS
from fleet.telemetry.gate import HeaderGate, Verdict
from fleet.telemetry.liveness import Watch
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.crash import CrashPoint
from vehicle_sim.faults import CrashMoment
from vehicle_sim.harness import Options, Wrapping, simulate
from vehicle_sim.scenario import Scenario

TROUBLED = SCENARIO + '\n[faults]\nprofile = "trouble"\n'
STORMY = SCENARIO + '\n[faults]\nprofile = "storm"\n'
SEEDS = range(1, 41)
Town = tuple[Scenario, RoadGraph]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("stormy"), STORMY)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("troubled"), TROUBLED)


def found_by_crashes(town: Town, check: str, spoil: Wrapping | None = None) -> bool:
    """Whether killing the controller at some write shows the bug."""
    writes = simulate(*town, 1, Options(solver_steps=0)).writes
    for write in range(1, writes):
        for moment in CrashMoment:
            options = Options(solver_steps=0, spoil=spoil, crash_points=frozenset({CrashPoint(write, moment)}))
            if check in shown(town, 1, options):
                return True
    return False


def found_by_seeds(town: Town, checks: set[str], spoil: Wrapping | None = None, seeds: range = SEEDS) -> bool:
    """Whether some seed of the storm shows the bug."""
    return any(checks & shown(town, seed, Options(spoil=spoil)) for seed in seeds)


def shown(town: Town, seed: int, options: Options) -> set[str]:
    """Promises that broke; "stopped" where the store's own fence ended the controller first."""
    try:
        return {violation.check for violation in simulate(*town, seed, options).violations}
    except* FencedError:
        pass
    return {"stopped"}


@contextmanager
def instead_of(owner: Any, name: str, other: object) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, original)


def publishes_before_commit(controller: AreaController) -> None:
    parts, write = controller.parts, controller.parts.writer.commit

    class Hasty:
        async def commit(self, commit: Commit) -> None:
            controller.sender.committed(commit.outbox, 0.0)
            await asyncio.sleep(0.01)
            await write(commit)

    hasty = replace(parts, writer=Hasty())
    controller.scribe = Scribe(hasty, controller.lease, controller.inbox, controller.sender, controller.housekeeper)


def test_publishing_before_the_commit_is_found(town: Town) -> None:
    with instead_of(Guard, "faults", lambda *args: []):
        assert found_by_crashes(town, "S18", publishes_before_commit)


def test_what_is_not_committed_is_held_back_at_the_last_moment(town: Town) -> None:
    broken = shown(town, 1, Options(solver_steps=0, spoil=publishes_before_commit))
    assert "S21" in broken
    assert "S18" not in broken


def forgets_keys(draft: Any, site: Any, command: Any, past: Any) -> Any:
    draft.state = replace(draft.state, keys=Map(), runs=Map(), custody=Map())
    return SUBMIT(draft, site, command, past)


SUBMIT: Callable[..., Any] = commands._submit


def test_forgetting_which_requests_were_answered_is_found(town: Town) -> None:
    with instead_of(commands, "_submit", forgets_keys):
        assert found_by_crashes(town, "stopped")


def test_an_archive_that_keeps_nothing_is_found(tmp_path: Path) -> None:
    def keeps_nothing(self: object, event: object, before: object) -> None:
        """Runs leave the state, and nothing is written of them."""

    town = block_town(tmp_path, SCENARIO, "[policy]\nkeep_ended_s = 60.0\n")
    assert "S1" not in shown(town, 1, Options(solver_steps=0))
    with instead_of(rows._Archived, "take", keeps_nothing):
        assert "S1" in shown(town, 1, Options(solver_steps=0))


def test_numbering_orders_anew_after_each_start_is_found(town: Town) -> None:
    def restarts_numbers(controller: AreaController) -> None:
        restored = controller.open

        async def open_anew() -> None:
            await restored()
            controller.state = replace(controller.state, counters=Map())

        controller.open = open_anew  # type: ignore[method-assign]

    assert found_by_crashes(town, "stopped", restarts_numbers)


def test_believing_late_states_is_found(stormy: Town) -> None:
    def believes_all(self: HeaderGate, *args: object) -> Verdict:
        return Verdict.TAKE

    def first_seen(order: Any, state: Any) -> int:
        return int(min(state.last_node_sequence_id // 2, order.released))

    with instead_of(HeaderGate, "judge", believes_all), instead_of(follow, "passed_edges", first_seen):
        assert found_by_seeds(stormy, {"S20", "S8", "S6"})


def test_a_bay_given_to_everybody_is_found(stormy: Town) -> None:
    with instead_of(reserve, "capacity", lambda site, resource: 99):
        assert found_by_seeds(stormy, {"S13"})


def test_a_bay_that_is_never_given_back_is_found(stormy: Town) -> None:
    keeps = APPLIERS[ev.Freed]
    APPLIERS[ev.Freed] = lambda state, event, now_s: state
    try:
        assert found_by_seeds(stormy, {"S14", "L1"})
    finally:
        APPLIERS[ev.Freed] = keeps


def test_calling_a_run_delivered_when_its_drop_failed_is_found(stormy: Town) -> None:
    def always_delivered(draft: Any, order: Any, action: Any) -> None:
        ENDED(draft, order, replace(action, phase=type(action.phase).FINISHED))

    with instead_of(take_in, "action_ended", always_delivered):
        assert found_by_seeds(stormy, {"S3", "S4"})


ENDED: Callable[..., Any] = handover.action_ended


def test_driving_into_closed_roads_is_found(stormy: Town) -> None:
    nothing_closed: Callable[..., frozenset[int]] = lambda draft, roads, twin: frozenset()  # noqa: E731

    def extends_blindly(draft: Any, roads: Any, twin: Any, order: Any) -> Any:
        is_heard = order.is_confirmed and order.phase == "active"
        released = extension(order, roads.site.limits, draft.now_s) if is_heard else None
        return None if released is None else Extend(order.id, released)

    with instead_of(carry_out, "_closed", nothing_closed), instead_of(decide, "under_order", extends_blindly):
        assert found_by_seeds(stormy, {"S9"})


def test_an_update_that_begins_anywhere_is_found(stormy: Town) -> None:
    whole = update_message

    def from_the_beginning(before: Any, after: Any, terms: Any) -> Any:
        return whole(replace(before, released=0), after, terms)

    unlooked_at = instead_of(carry_out, "refuse_unsound", lambda *args: None)
    unguarded = instead_of(Guard, "faults", lambda *args: [])
    with instead_of(carry_out, "update_message", from_the_beginning), unlooked_at, unguarded:
        assert found_by_seeds(stormy, {"S8", "L1"})


# What the third reading of the roads, and the promises about commands and silence, are for ----------------------------


def test_a_road_that_both_readings_of_the_controller_take_for_open_is_found(town: Town) -> None:
    scenario, graph = town
    private = ["private" if key.startswith("e1-2-") else "" for key in map(graph.edge_key, range(graph.edge_count))]
    fenced = replace(graph, edge_motor_vehicle=TextColumn.of(private))
    assert "S9" not in shown((scenario, fenced), 1, Options(solver_steps=0))
    unfenced = replace(fenced, edition="the same, read by those who do not look")
    open_to_all: Callable[[str], int] = lambda value: permit._OPENS if value else permit._UNTAGGED  # noqa: E731
    with instead_of(permit, "_verdict", open_to_all), instead_of(refuse, "_lets_in", lambda value: True):
        assert "S9" in shown((scenario, unfenced), 1, Options(solver_steps=0))


def test_a_road_closed_in_a_base_that_nobody_looks_at_is_found(troubled: Town) -> None:
    with instead_of(closed, "_banned_ahead", lambda *args: ""):
        assert found_by_seeds(troubled, {"S10"}, seeds=range(31, 71))


def test_a_base_as_long_as_the_way_is_found(town: Town) -> None:
    with instead_of(carry_out, "first_base", lambda order, limits: len(order.path)):
        assert "S11" in shown(town, 1, Options(solver_steps=0))


def stands_anywhere(*args: Any) -> Any:
    return tuple(replace(piece, is_safe_end=True) for piece in way.way_of(*args))


@pytest.mark.vda5050("13.11", "6.13")
def test_a_base_that_ends_where_nobody_may_stand_is_held_back_and_called_out(town: Town) -> None:
    with instead_of(carry_out, "way_of", stands_anywhere):
        outcome = simulate(*town, 1, Options(solver_steps=0))
    broken = {violation.check for violation in outcome.violations}
    assert "S21" in broken, "the vehicle is quarantined, and a person called"
    assert "S30" not in broken, "nothing of it has left"
    held = [text for text in outcome.state.quarantine.values() if "nobody may stand" in text]
    assert held


@pytest.mark.vda5050("13.11")
def test_a_base_that_ends_where_nobody_may_stand_is_found_from_the_bytes_as_well(town: Town) -> None:
    with instead_of(carry_out, "way_of", stands_anywhere), instead_of(Guard, "faults", lambda *args: []):
        assert "S30" in shown(town, 1, Options(solver_steps=0))


@pytest.mark.parametrize("check", ["S8", "S21"])
def test_an_update_that_begins_anywhere_never_leaves(stormy: Town, check: str) -> None:
    whole = update_message

    def from_the_beginning(before: Any, after: Any, terms: Any) -> Any:
        return whole(replace(before, released=0), after, terms)

    with instead_of(carry_out, "update_message", from_the_beginning):
        assert (check in shown(stormy, 1, Options(solver_steps=0))) is (check == "S21")


def test_calling_back_a_run_that_is_being_handed_over_is_found(troubled: Town) -> None:
    with instead_of(commands, "_is_being_delivered", lambda draft, view: False):
        assert found_by_seeds(troubled, {"S16"})


def test_code_of_ours_that_raises_is_found(town: Town) -> None:
    def raises(draft: Any, vehicle_id: Any, state: Any) -> None:
        raise ValueError("a plain mistake")

    with instead_of(take_in, "_work_left", raises):
        assert "S21" in shown(town, 1, Options(solver_steps=0))


@pytest.mark.vda5050("3.10")
def test_sending_an_order_that_nobody_could_send_in_time_is_found(tmp_path: Path) -> None:
    outage = '\n[[fault]]\nkind = "broker_down"\nat = "2m50s"\nlasts = "100s"\n'
    town = block_town(tmp_path, SCENARIO + outage)
    assert shown(town, 1, Options(solver_steps=0)) == set()
    with instead_of(outlet, "_is_stale", lambda waiting, now_s: False):
        assert "S26" in shown(town, 1, Options(solver_steps=0))


def test_moving_a_vehicle_that_somebody_holds_is_found(troubled: Town) -> None:
    with instead_of(outlet, "_may_be_told", lambda state, row: True):
        assert found_by_seeds(troubled, {"S29"}, seeds=range(221, 241))  # road is seldom on its way at that moment


def test_never_believing_that_a_stopped_vehicle_is_free_again_is_found(troubled: Town) -> None:
    changed = APPLIERS[ev.ConditionChanged]

    def only_for_the_worse(state: Any, event: Any, now_s: float) -> Any:
        return changed(state, event, now_s) if event.is_stopped or event.mode == "MANUAL" else state

    APPLIERS[ev.ConditionChanged] = only_for_the_worse
    try:
        assert found_by_seeds(troubled, {"L2", "L1"})
    finally:
        APPLIERS[ev.ConditionChanged] = changed


def test_silence_that_nobody_notices_is_found(stormy: Town) -> None:
    with instead_of(Watch, "overdue", lambda self, now_s: []):
        assert found_by_seeds(stormy, {"L5"})


def test_calling_a_vehicle_lost_too_early_is_found(stormy: Town) -> None:
    def impatient(controller: AreaController) -> None:
        controller.watch._limits = {level: limit_s / 3.0 for level, limit_s in controller.watch._limits.items()}

    assert found_by_seeds(stormy, {"L5"}, impatient)

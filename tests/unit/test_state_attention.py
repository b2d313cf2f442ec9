"""Who is called for what: once per subject and cause, and found again without looking through all calls."""

from __future__ import annotations

from fleet.model.assist import AssistCause
from fleet.state.attention import raise_assist, resolve_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S

VAN, RUN = "vehicle:van-1", "run:r-1"


def test_a_person_is_called_once_for_the_same_thing(two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    first = raise_assist(draft, AssistCause.NO_ROUTE, VAN, "to p1")
    assert raise_assist(draft, AssistCause.NO_ROUTE, VAN, "to p2") == first
    assert len(draft.state.assists) == 1


def test_a_call_is_found_by_what_it_is_about_and_gone_when_it_is_resolved(two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    raise_assist(draft, AssistCause.NO_ROUTE, VAN, "")
    raise_assist(draft, AssistCause.BLOCKED, VAN, "")
    raise_assist(draft, AssistCause.BLOCKED, RUN, "")
    resolve_assist(draft, AssistCause.BLOCKED, VAN, "gone")
    assert draft.state.open_assist(VAN, AssistCause.BLOCKED) is None
    assert draft.state.open_assist(VAN, AssistCause.NO_ROUTE) is not None
    assert draft.state.open_assist(RUN, AssistCause.BLOCKED) is not None


def test_nothing_is_kept_of_a_subject_whose_calls_are_all_resolved(two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    raise_assist(draft, AssistCause.BLOCKED, VAN, "")
    resolve_assist(draft, AssistCause.BLOCKED, VAN, "gone")
    assert VAN not in draft.state.assists_of

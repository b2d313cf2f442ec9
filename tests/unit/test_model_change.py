from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError, dataclass

import pytest

from fleet.model.change import replace
from fleet.model.event import NodePassed
from fleet.model.ids import OrderId
from fleet.model.place import Place
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S


def test_a_changed_value_is_the_same_but_for_what_was_changed() -> None:
    state = FleetState(token="t", epoch=3)
    changed = replace(state, now_s=NOW_S, epoch=4)
    assert changed == dataclasses.replace(state, now_s=NOW_S, epoch=4)
    assert state == FleetState(token="t", epoch=3)


def test_a_changed_value_is_as_frozen_as_before() -> None:
    changed = replace(FleetState(), epoch=4)
    with pytest.raises(FrozenInstanceError):
        changed.epoch = 5  # type: ignore[misc]  # it is just that which is refused


def test_a_field_that_a_value_has_not_cannot_be_changed() -> None:
    with pytest.raises(KeyError, match="speed"):
        replace(FleetState(), speed=1.0)  # type: ignore[call-arg]  # it is just that which is refused


@dataclass(frozen=True, slots=True)
class Share:
    percent: float

    def __post_init__(self) -> None:
        if self.percent > 100.0:
            raise ValueError("more than all")


def test_a_changed_value_is_checked_as_a_new_one_is() -> None:
    assert replace(Share(50.0), percent=60.0) == Share(60.0)
    with pytest.raises(ValueError, match="more than all"):
        replace(Share(50.0), percent=101.0)


def test_a_value_of_a_kind_of_its_kind_is_changed_too() -> None:
    event = NodePassed(order_id=OrderId("o-1"), passed=1, place=Place(0, 1.0), node_id="n-1")
    assert replace(event, passed=2) == dataclasses.replace(event, passed=2)

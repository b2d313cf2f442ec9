"""What goes wrong, drawn by seeds."""

from __future__ import annotations

import random

import pytest

from fleet.errors import ConfigError
from vehicle_sim.faults import (
    FREQUENCIES,
    FaultEvent,
    FaultKind,
    NetworkFaults,
    Rates,
    draw_plan,
    rates_of,
    swarm,
)

HOUR_S = 3600.0


def test_a_calm_day_has_no_faults() -> None:
    plan = draw_plan(rates_of("calm"), 1, ["van-1"], ["p1"], 0.0, 24 * HOUR_S)
    assert plan.events == ()


def test_the_same_seed_draws_the_same_faults_and_another_seed_others() -> None:
    plans = [draw_plan(rates_of("storm"), seed, ["van-1", "van-2"], ["p1"], 0.0, 8 * HOUR_S) for seed in (1, 1, 2)]
    assert plans[0] == plans[1]
    assert plans[0].events != plans[2].events


def test_no_fault_outlasts_the_end_of_faults() -> None:
    plan = draw_plan(rates_of("storm"), 1, [f"van-{i}" for i in range(50)], ["p1"], 100.0, 8 * HOUR_S)
    assert len(plan.events) > 500
    assert all(event.at_s >= 100.0 and event.at_s + event.for_s <= 8 * HOUR_S for event in plan.events)


def test_faults_come_as_often_as_their_rate_says() -> None:
    plan = draw_plan(Rates(silence=2.0), 1, [f"van-{i}" for i in range(100)], [], 0.0, 10 * HOUR_S)
    assert len(plan.events) == pytest.approx(2000, rel=0.1)


def test_scripted_faults_stand_among_the_drawn_ones_in_order_of_time() -> None:
    scripted = FaultEvent(kind=FaultKind.SILENCE, at_s=HOUR_S, for_s=60.0, target="van-1")
    plan = draw_plan(rates_of("storm"), 1, ["van-1"], ["p1"], 0.0, 8 * HOUR_S, [scripted])
    assert scripted in plan.events
    assert [event.at_s for event in plan.events] == sorted(event.at_s for event in plan.events)


@pytest.mark.parametrize("name", ["one-fault:F1", "one-fault:silence"])
def test_one_fault_switches_on_nothing_else(name: str) -> None:
    rates = rates_of(name)
    assert [each for each in FREQUENCIES if getattr(rates, each)] == ["silence"]


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="storm"):
        rates_of("thunder")


def test_a_swarm_gives_each_seed_its_own_mix_with_many_faults_off() -> None:
    mixes = [swarm(rates_of("storm"), random.Random(seed)) for seed in range(40)]
    off = [sum(getattr(mix, name) == 0.0 for name in FREQUENCIES) for mix in mixes]
    assert len(set(mixes)) == 40
    assert 3.0 < sum(off) / len(off) < 7.0


def network(rates: Rates, now_s: float = 0.0) -> NetworkFaults:
    return NetworkFaults(rates, 0.0, HOUR_S, lambda: now_s)


def test_messages_are_lost_doubled_and_held_up_as_often_as_the_rates_say() -> None:
    faults = network(Rates(drop=0.1, duplicate=0.1, late=0.1))
    rng = random.Random(1)
    plans = [faults.plan("t", b"", rng) for _ in range(20_000)]
    assert sum(not plan for plan in plans) == pytest.approx(2000, rel=0.1)
    assert sum(len(plan) == 2 for plan in plans) == pytest.approx(1800, rel=0.1)
    assert faults.hits["late"] == pytest.approx(1800, rel=0.1)


def test_the_network_is_well_again_when_faults_are_over() -> None:
    faults = network(Rates(drop=1.0), now_s=HOUR_S)
    assert list(faults.plan("t", b"", random.Random(1))) == [0.0]


def test_no_copy_arrives_after_the_end_of_faults() -> None:
    faults = network(Rates(duplicate=1.0, late=1.0), now_s=HOUR_S - 5.0)
    rng = random.Random(1)
    assert all(extra_s <= 5.0 for _ in range(1000) for extra_s in faults.plan("t", b"", rng))

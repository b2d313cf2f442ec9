"""The person who goes round and sees to what waits for people."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fleet.controller.turn import Due
from fleet.dispatch.commands import Answer, Command, perform
from fleet.model.assist import AssistCause
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.wire.messages import OperatingMode
from tests.nouns import POINT_2, VAN_1, Office, a_run, driving, loaded, town
from tests.unit.test_sim_vehicle import Yard, in_yard
from vehicle_sim.people import PATIENCE_S, ROUND_S, Attendant


def beyond_its_base() -> Office:
    """Van 1 was taken by people further than it was let, and waits for a word."""
    roads = town()
    limits = replace(roads.site.limits, exposure_m=310.0)
    short = SiteRoads(replace(roads.site, limits=limits), roads.graph)
    office = Office(short, loaded(short, a_run(point=POINT_2)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.hear(VAN_1, driving(order, 0))
    office.hear(VAN_1, driving(order, order.released + 1, mode=OperatingMode.INTERVENED))
    return office


def test_a_vehicle_behind_the_end_of_its_base_is_looked_at_and_let_go_on() -> None:
    office = beyond_its_base()
    assert [assist.cause for assist in office.state.assists.values()] == [AssistCause.BEYOND_BASE]

    async def ask(command: Command, actor: str) -> Answer:
        draft = Draft(office.state, office.now_s)
        answer = perform(draft, office.roads, command)
        office.state = draft.state
        return answer

    async def story(yard: Yard) -> None:
        attendant = Attendant(ask, yard.clock, {VAN_1: yard.van}, yard.world, set(), seed=1)
        async with asyncio.TaskGroup() as tasks:
            rounds = tasks.create_task(attendant.attend(lambda: office.state))
            await yard.wait_s(PATIENCE_S[0])
            assert office.state.twin(VAN_1).beyond
            await yard.wait_s(PATIENCE_S[1] + ROUND_S)
            rounds.cancel()
        assert attendant.acts == {"let go on": 1}

    in_yard(story)
    assert not office.state.assists
    assert office.state.twin(VAN_1).can_take_orders

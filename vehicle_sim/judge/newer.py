"""What came with 3.0: tried where the vehicle offers it."""

from __future__ import annotations

from fleet.wire.messages import TERMINAL_STATUSES, Zone, ZoneSet, ZoneType
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check
from vehicle_sim.judge.verdict import not_offered, not_tried, wrong

FAR_M = 1000.0
ZONE_M = 10.0


def _need_own_list(bench: Bench) -> None:
    states = [entry for entry in bench.transcript.of("state") if entry.raw]
    if not states or "instantActionStates" not in states[-1].raw:
        raise not_offered("its version has one list for all actions")


async def lists_instant_actions_apart(bench: Bench) -> None:
    _need_own_list(bench)
    since = len(bench.transcript)
    action_id = await bench.ask("stateRequest")
    await expect.finished(bench, action_id, since)
    if any(action.action_id == action_id for state in bench.states(since) for action in state.action_states):
        raise wrong("lists an instant action among those of its order")


async def clears_instant_actions(bench: Bench) -> None:
    _need_own_list(bench)
    if not bench.offers("clearInstantActions"):
        raise not_offered("its factsheet does not list clearInstantActions")
    since = len(bench.transcript)
    done = await bench.ask("stateRequest")
    await expect.finished(bench, done, since)
    cleared = await bench.ask("clearInstantActions")

    def is_clear() -> bool:
        left = bench.state.instant_action_states
        return not any(a.status in TERMINAL_STATUSES and a.action_id != cleared for a in left)

    if not await bench.until(is_clear):
        raise wrong("still lists instant actions that were over before clearInstantActions")


async def takes_zones(bench: Bench) -> None:
    """A blocked square of ten metres, a kilometre away from where it stands."""
    if bench.factsheet is None or ZoneType.BLOCKED not in bench.factsheet.zone_types:
        raise not_offered("its factsheet does not list BLOCKED zones")
    position = bench.state.position
    if position is None:
        raise not_tried("the vehicle does not tell its position")
    x_m, y_m = position.x_m + FAR_M, position.y_m + FAR_M
    outline = ((x_m, y_m), (x_m + ZONE_M, y_m), (x_m + ZONE_M, y_m + ZONE_M), (x_m, y_m + ZONE_M))
    zone = Zone(zone_id=bench.new_id(), zone_type=ZoneType.BLOCKED, outline=outline)
    zones = ZoneSet(map_id=position.map_id, zone_set_id=bench.new_id(), zones=(zone,))
    await bench.lay(zones)
    if not await bench.until(
        lambda: any(held.zone_set_id == zones.zone_set_id for held in bench.state.zone_sets or ())
    ):
        raise wrong("no state lists the zone set that was sent")
    if bench.offers("deleteZoneSet"):
        await bench.ask("deleteZoneSet", zoneSetId=zones.zone_set_id)  # leave it as it was


NEWER = (
    Check("9.2", "instant-apart", "lists instant actions apart from those of its order", lists_instant_actions_apart),
    Check("9.2", "instant-cleared", "forgets finished instant actions when it is told to", clears_instant_actions),
    Check("13.12", "zones", "takes a set of zones, and its states list it", takes_zones),
)

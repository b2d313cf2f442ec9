"""What only somebody beside the vehicle can bring about: no network, a person at the wheel, an emergency stop."""

from __future__ import annotations

from fleet.wire.messages import Connection, ConnectionState, EmergencyStop, OperatingMode
from fleet.wire.refusal_words import Reason
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check, Need
from vehicle_sim.judge.moves import COUNTED_MODES, standing_order
from vehicle_sim.judge.verdict import not_offered, not_tried, wrong

WILL_S = 120.0
RETURN_S = 120.0


async def _please(bench: Bench, what: str) -> int:
    """Ask for something; the place in the transcript before it."""
    assert bench.hands is not None  # the session asks for them
    since = len(bench.transcript)
    if not await bench.hands.do(what):
        raise not_tried(f"nobody did it: {what}")
    return since


def _connections(bench: Bench, since: int) -> list[ConnectionState]:
    said = (entry.message for entry in bench.transcript.of("connection", since))
    return [message.state for message in said if isinstance(message, Connection)]


async def leaves_a_will(bench: Bench) -> None:
    before = bench.state
    bench.transcript.cuts_s.append(bench.now_s())
    since = await _please(bench, "take the vehicle's network away, and leave it away")
    if not await bench.until(lambda: ConnectionState.CONNECTION_BROKEN in _connections(bench, since), WILL_S):
        raise wrong(f"within {WILL_S:.0f} s nothing on connection says that the line is broken: it leaves no will")
    bench.transcript.cuts_s.append(bench.now_s())
    since = await _please(bench, "give the vehicle's network back")
    if not await bench.until(lambda: ConnectionState.ONLINE in _connections(bench, since), RETURN_S):
        raise wrong(f"within {RETURN_S:.0f} s it does not say ONLINE again")
    after = await expect.fresh_state(bench)
    if (after.order_id, after.order_update_id) != (before.order_id, before.order_update_id):
        had = f"{before.order_id!r} update {before.order_update_id}"
        raise wrong(f"comes back with order {after.order_id!r} update {after.order_update_id}; it had {had}")


async def tells_who_drives(bench: Bench) -> None:
    since = await _please(bench, "take the vehicle out of its automatic mode, to MANUAL")
    if not await bench.until(lambda: any(state.mode is OperatingMode.MANUAL for state in bench.states(since))):
        raise wrong("no state says MANUAL")
    order = standing_order(bench)
    try:
        await expect.refused(bench, order, await bench.tell(order), Reason.MODE)
    finally:
        back = await _please(bench, "put the vehicle back into its automatic mode")
        await bench.until(lambda: any(state.mode in COUNTED_MODES for state in bench.states(back)))
    if bench.state.mode not in COUNTED_MODES:
        raise wrong(f"says {bench.state.mode}, and not that it is automatic again")


async def tells_of_an_emergency_stop(bench: Bench) -> None:
    since = await _please(bench, "press the vehicle's emergency stop")
    if not await bench.until(
        lambda: any(s.safety.emergency_stop is not EmergencyStop.NONE for s in bench.states(since))
    ):
        raise wrong("no state shows the emergency stop")
    since = await _please(bench, "release the vehicle's emergency stop")
    if not await bench.until(lambda: any(s.safety.emergency_stop is EmergencyStop.NONE for s in bench.states(since))):
        raise wrong("every state still shows the emergency stop")


async def hibernates(bench: Bench) -> None:
    if not bench.offers("startHibernation"):
        raise not_offered("its factsheet does not list startHibernation")
    since = await _please(bench, "stand by to wake the vehicle by hand, should it not wake by itself")
    await bench.ask("startHibernation")
    if not await bench.until(lambda: ConnectionState.HIBERNATING in _connections(bench, since), WILL_S):
        raise wrong("startHibernation was sent, and connection does not say HIBERNATING")
    since = len(bench.transcript)
    await bench.ask("stopHibernation")
    if not await bench.until(lambda: ConnectionState.ONLINE in _connections(bench, since), RETURN_S):
        raise wrong("stopHibernation was sent, and connection does not say ONLINE again")


HANDS = frozenset({Need.ORDERS, Need.HANDS})
BY_HAND = (
    Check(
        "3.3",
        "will",
        "leaves a will for when its line breaks, says ONLINE again, and knows its order",
        leaves_a_will,
        HANDS,
    ),
    Check("11.1", "manual", "says that a person has taken over, and refuses orders meanwhile", tells_who_drives, HANDS),
    Check("11.4", "emergency-stop", "shows an emergency stop, and its end", tells_of_an_emergency_stop, HANDS),
    Check("11.8", "hibernation", "says that it hibernates, and wakes when it is told to", hibernates, HANDS),
)

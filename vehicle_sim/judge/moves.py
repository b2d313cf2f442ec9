"""Orders for the vehicle on the bench: to stand where it stands, to wait before a closed way, to drive a piece."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet.wire.messages import NodePosition, OperatingMode, Order, OrderNode
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.course import NEAR_M, Course
from vehicle_sim.judge.verdict import given, not_tried, wrong

AT_NODE_M = 1.0
ENTERS_HORIZON = "it drives where nothing is released yet, which 5.12 judges"
COUNTED_MODES = frozenset({OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC})


def standing_order(bench: Bench) -> Order:
    """One node, where the vehicle stands: it has nothing to do but to take it."""
    return Order(order_id=bench.new_id(), order_update_id=0, nodes=(standing_node(bench),), edges=())


def standing_node(bench: Bench) -> OrderNode:
    """Its last node while it is there, else a node made up at its position (checklist 5.5)."""
    state = bench.state
    has_left = bench.course is not None and bench.course.is_beside(state)
    is_at_node = bool(state.last_node_id) and not has_left and (state.distance_since_last_node_m or 0.0) <= AT_NODE_M
    place, position = state.position, None
    if place is not None:
        position = NodePosition(x_m=place.x_m, y_m=place.y_m, map_id=place.map_id, deviation_m=NEAR_M)
    if not is_at_node and position is None:
        raise not_tried("the vehicle tells neither a node it stands at nor its position")
    node_id = state.last_node_id if is_at_node else bench.new_id()
    return OrderNode(node_id=node_id, sequence_id=0, released=True, position=position)


@dataclass(frozen=True, slots=True)
class Leg:
    """An order along the course that begins at node `start` and leads on `steps` edges, `released` of them."""

    course: Course
    order_id: str
    start: int
    steps: int
    released: int
    update_id: int = 0

    def order(self) -> Order:
        nodes, edges = self.course.piece(self.start, self.steps, self.released)
        return Order(order_id=self.order_id, order_update_id=self.update_id, nodes=nodes, edges=edges)

    def update(self, before: Leg) -> Order:
        """What makes this of the leg before: begins at the last node that was released."""
        nodes, edges = self.course.piece(self.start, self.steps, self.released, before.released)
        return Order(order_id=self.order_id, order_update_id=self.update_id, nodes=nodes, edges=edges)

    def with_released(self, steps: int, released: int) -> Leg:
        return replace(self, steps=steps, released=released, update_id=self.update_id + 1)


def leg(bench: Bench, steps_by_stops: int, released_by_stops: int) -> Leg:
    """A leg from where the vehicle stands to the n-th next place where it may stop.

    Raises:
        JudgedError: it stands at no such place of the course.
    """
    assert bench.course is not None  # the session asks for it
    start = bench.course.find(bench.state)
    if start is None:
        raise not_tried(f"the vehicle stands at {bench.state.last_node_id!r}, not at a stopping place of the course")
    stops = [0, *bench.course.stops(start, max(steps_by_stops, released_by_stops))]
    return Leg(bench.course, bench.new_id(), start, stops[steps_by_stops], stops[released_by_stops])


async def hold(bench: Bench) -> tuple[Leg, int]:
    """Give an order that keeps the vehicle busy and does not let it move: only its first node is released."""
    if not bench.heeds_released:
        raise not_tried(ENTERS_HORIZON)
    held = leg(bench, 1, 0)
    bench.holds = True
    since = await bench.tell(held.order())
    await expect.taken(bench, held.order(), since)
    return held, since


async def open_order(bench: Bench) -> tuple[Order, int]:
    """An order to be updated, that does not move the vehicle; without a course it is over as soon as taken."""
    with given():
        if bench.course is not None and bench.heeds_released:
            held, since = await hold(bench)
            return held.order(), since
        order = standing_order(bench)
        since = await bench.tell(order)
        await expect.taken(bench, order, since)
        return order, since


async def drive(bench: Bench, order: Order) -> int:
    """Send an order or update that lets the vehicle move; the place of the message."""
    bench.may_drive = True
    since = await bench.tell(order)
    await expect.taken(bench, order, since)
    return since


async def arrived(bench: Bench, leg: Leg, node_step: int, since: int) -> None:
    """Wait until it stands at a node of the leg.

    Raises:
        JudgedError: it does not get there in time.
    """
    node = leg.course.node(leg.start + node_step)

    def is_there() -> bool:
        state = bench.state
        at = (state.last_node_id, state.last_node_sequence_id) == (node.node_id, 2 * node_step)
        return bool(bench.states(since)) and at and not state.driving

    within_s = drive_s(bench, leg)
    if not await bench.until(is_there, within_s):
        state = bench.state
        at = f"last node {state.last_node_id!r} ({state.last_node_sequence_id}), driving {str(state.driving).lower()}"
        raise wrong(f"does not stand at {node.node_id!r} ({2 * node_step}) within {within_s:.0f} s: {at}")


async def set_off(bench: Bench, way: Leg, share: float = 0.0) -> int:
    """Send an order and wait until the vehicle has this share of the way behind it; the place of the order.

    Raises:
        JudgedError: it does not set off.
    """
    with given():
        since = await drive(bench, way.order())
        await _rolling(bench, since)
        await bench.wait_s(min(bench.terms.patience_s, share * quickest_s(bench, way)))
    return since


async def _rolling(bench: Bench, since: int) -> None:
    if not await bench.until(lambda: any(state.driving for state in bench.states(since)), 3 * bench.terms.patience_s):
        raise wrong("takes the order and does not set off")


def drive_s(bench: Bench, leg: Leg) -> float:
    speed_mps = bench.factsheet.speed_mps_max if bench.factsheet else None
    return leg.course.drive_s(leg.start, leg.steps, speed_mps) + 2 * bench.terms.patience_s


def quickest_s(bench: Bench, leg: Leg) -> float:
    """The least time the leg can take."""
    speed_mps = bench.factsheet.speed_mps_max if bench.factsheet else None
    return leg.course.quickest_s(leg.start, leg.steps, speed_mps)

"""Loading and unloading: the node actions of an order, one after the other while the vehicle stands.

`pick` and `drop` carry `stationType` ("station" or "pickup_point"), `stationName`, `loadType` ("lot"), `loadId` (the
run) and `parcels` (how many). An action that fails does not stop the ones behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fleet.model.ids import PointId, RunId, StationId, VehicleId
from fleet.wire.messages import Action, ActionState, ActionStatus, OrderNode
from vehicle_sim.timers import Timer, Timers
from vehicle_sim.world import Refused, World, WorldEventKind

NO_STAFF = "no_staff"


@dataclass(slots=True)
class Doing:
    """An action and how far it is."""

    action: Action
    status: ActionStatus = ActionStatus.WAITING
    result: str | None = None
    shown: int = 0

    @property
    def is_over(self) -> bool:
        return self.status in (ActionStatus.FINISHED, ActionStatus.FAILED)

    def text(self, key: str) -> str:
        return next((str(parameter.value) for parameter in self.action.parameters if parameter.key == key), "")

    @property
    def run_id(self) -> RunId:
        return RunId(self.text("loadId"))

    @property
    def parcel_count(self) -> int:
        text = self.text("parcels").removesuffix(".0")
        return int(text) if text.isdecimal() else 0

    @property
    def stop_id(self) -> str:
        """The stop as the world names it: "station:..." or "point:..."."""
        kind = "station" if self.text("stationType") == "station" else "point"
        return f"{kind}:{self.text('stationName')}"

    def state(self) -> ActionState:
        return ActionState(
            action_id=self.action.action_id,
            status=self.status,
            action_type=self.action.action_type,
            result=self.result,
        )


def shown(doings: Iterable[Doing], over_states: int) -> list[ActionState]:
    """What one state shows of actions; one that is over in so many states only, in all of them for 0."""
    found = []
    for doing in doings:
        doing.shown += doing.is_over
        if not over_states or doing.shown <= over_states:
            found.append(doing.state())
    return found


@dataclass(slots=True)
class _Visit:
    """One stop at a node with actions."""

    began_s: float
    todo: list[Doing]
    picks: list[Doing]
    staff_at_s: float | None = None
    no_show_at_s: float = 0.0
    unloaded_any: bool = False
    bays: set[str] = field(default_factory=set)


class Handling:
    """The node actions of the order in hand.

    Args:
        touched: told when a status changed.
        failed: told of an action that failed.
        done: told when all actions of a node are over.
        knows_retriable: an action that may be tried again waits for `retry` or `skip` when nobody was there.
    """

    def __init__(
        self,
        vehicle_id: VehicleId,
        world: World,
        touched: Callable[[], None],
        failed: Callable[[Doing], None],
        done: Callable[[], None],
        knows_retriable: bool = False,
    ) -> None:
        self._vehicle_id = vehicle_id
        self._world = world
        self._timers: Timers = world.timers
        self._touched, self._failed, self._done = touched, failed, done
        self._visit: _Visit | None = None
        self._doing: dict[str, Doing] = {}
        self._timer: Timer | None = None
        self._queued: OrderNode | None = None
        self._knows_retriable = knows_retriable

    @property
    def is_busy(self) -> bool:
        return self._visit is not None

    @property
    def has_hands_at_work(self) -> bool:
        """Parcels change hands at this moment."""
        return self._visit is not None and any(doing.status is ActionStatus.RUNNING for doing in self._visit.todo)

    @property
    def is_all_over(self) -> bool:
        return all(doing.is_over for doing in self._doing.values())

    def states(self, over_states: int = 0) -> list[ActionState]:
        """What one state shows of them; see `shown`."""
        return shown(self._doing.values(), over_states)

    def forget(self) -> None:
        """A new order begins."""
        self._doing.clear()

    def forget_all(self) -> None:
        """The vehicle restarts and knows of no action; hands that are at work finish what they do all the same."""
        self._doing.clear()
        self._queued = None
        if self._visit:
            self._give_up_all_but([doing for doing in self._visit.todo if doing.status is ActionStatus.RUNNING])

    def expect(self, nodes: Iterable[OrderNode]) -> None:
        """Take note of the actions of released nodes."""
        for node in nodes:
            for action in node.actions if node.released else ():
                self._doing.setdefault(action.action_id, Doing(action))

    def expect_again(self, node: OrderNode) -> None:
        """Take the actions of a node for new ones."""
        for action in node.actions:
            self._doing[action.action_id] = Doing(action)

    def begin(self, node: OrderNode) -> None:
        """Work through the actions of the node the vehicle stands at; after those that hands are still at."""
        if self._visit is not None:
            self._queued = node
            return
        todo = [self._doing[action.action_id] for action in node.actions]
        todo = [doing for doing in todo if not doing.is_over]
        picks = [doing for doing in todo if doing.action.action_type == "pick"]
        self._visit = _Visit(self._timers.now_s(), todo, picks)
        self._next()

    def abandon(self) -> None:
        """Give up what has not begun and who still waits for staff; hands that are at work finish what they do."""
        for doing in self._doing.values():
            if doing.status in (ActionStatus.WAITING, ActionStatus.INITIALIZING, ActionStatus.RETRIABLE):
                self._end(doing, ActionStatus.FAILED, "cancelled")
        self._queued = None
        if self._visit:
            self._give_up_all_but([doing for doing in self._visit.todo if not doing.is_over])

    def _give_up_all_but(self, todo: list[Doing]) -> None:
        assert self._visit is not None
        self._visit.todo = todo
        if not todo:
            self._cancel_timer()
            self._next()

    # ---- one after the other

    def _next(self) -> None:
        visit = self._visit
        assert visit is not None
        while visit.todo:
            doing = visit.todo[0]
            doing.status = ActionStatus.INITIALIZING
            self._touched()
            begin = self._begin_pick if doing.action.action_type == "pick" else self._begin_drop
            if begin(visit, doing):
                return
            visit.todo.pop(0)
        for bay in sorted(visit.bays):
            self._world.berths.vacate(bay, self._vehicle_id)
        self._visit = None
        if self._queued is None:
            self._done()
        else:
            node, self._queued = self._queued, None
            self.begin(node)

    def _begin_pick(self, visit: _Visit, doing: Doing) -> bool:
        """Whether hands are at work on it now."""
        station_id = StationId(doing.text("stationName"))
        action_id = doing.action.action_id
        refusal = self._world.pick_refusal(self._vehicle_id, doing.run_id, station_id, doing.parcel_count, action_id)
        if refusal:
            self._end(doing, ActionStatus.FAILED, refusal)
            return False
        station = self._world.site.stations[station_id]
        visit.bays.add(f"bay:{station_id}")
        self._world.berths.occupy(f"bay:{station_id}", self._vehicle_id, station.loading_bays)
        share = doing.parcel_count / max(sum(pick.parcel_count for pick in visit.picks), 1)
        self._run(doing)
        work_s = station.load_fixed_s * share + station.load_per_parcel_s * doing.parcel_count
        self._later(self._timers.now_s() + work_s, lambda: self._finish_pick(doing, station_id))
        return True

    def _finish_pick(self, doing: Doing, station_id: StationId) -> None:
        action_id = doing.action.action_id
        loaded = self._world.pick(self._vehicle_id, doing.run_id, station_id, doing.parcel_count, action_id)
        self._finish(doing, loaded, "loaded")

    def _begin_drop(self, visit: _Visit, doing: Doing) -> bool:
        refusal = self._world.drop_refusal(self._vehicle_id, doing.run_id, doing.stop_id)
        if refusal:
            self._end(doing, ActionStatus.FAILED, refusal)
            return False
        if doing.stop_id.startswith("station:"):
            self._unload(doing, self._world.site.stations[StationId(doing.text("stationName"))].load_per_parcel_s, 0.0)
            return True
        return self._await_staff(visit, doing, PointId(doing.text("stationName")))

    def _await_staff(self, visit: _Visit, doing: Doing, point_id: PointId) -> bool:
        point = self._world.site.points[point_id]
        if visit.staff_at_s is None:
            visit.staff_at_s = visit.began_s + self._world.staff.wait_s(point_id)
            visit.no_show_at_s = visit.began_s + point.no_show_s
        if visit.staff_at_s > visit.no_show_at_s:
            if self._timers.now_s() >= visit.no_show_at_s:
                return self._waits_for_decision(doing)
            self._later(visit.no_show_at_s, lambda: self._give_up(doing, point_id))
            return True
        fixed_s = 0.0 if visit.unloaded_any else point.unload_fixed_s
        visit.unloaded_any = True
        at_s = max(visit.staff_at_s, self._timers.now_s())
        self._later(at_s, lambda: self._unload(doing, point.unload_per_parcel_s, fixed_s))
        return True

    def _give_up(self, doing: Doing, point_id: PointId) -> None:
        self._world.record(WorldEventKind.STAFF_MISSING, vehicle=self._vehicle_id, run=doing.run_id, place=point_id)
        if not self._waits_for_decision(doing):
            self._go_to_next()

    def _waits_for_decision(self, doing: Doing) -> bool:
        """Nobody was there: it has failed, or may be tried again and waits to be told whether it shall."""
        if not (self._knows_retriable and doing.action.is_retriable):
            self._end(doing, ActionStatus.FAILED, NO_STAFF)
            return False
        doing.status, doing.result = ActionStatus.RETRIABLE, NO_STAFF
        self._touched()
        return True

    def retry(self, action_id: str) -> bool:
        """Try an action again that waits for a decision; False where it does not."""
        visit, doing = self._visit, self._doing.get(action_id)
        if visit is None or doing is None or doing.status is not ActionStatus.RETRIABLE:
            return False
        visit.staff_at_s, visit.began_s = None, self._timers.now_s()
        self._next()
        return True

    def skip(self, action_id: str) -> bool:
        """Let an action that waits for a decision have failed; False where it does not."""
        doing = self._doing.get(action_id)
        if self._visit is None or doing is None or doing.status is not ActionStatus.RETRIABLE:
            return False
        self._end(doing, ActionStatus.FAILED, NO_STAFF)
        self._go_to_next()
        return True

    def _unload(self, doing: Doing, per_parcel_s: float, fixed_s: float) -> None:
        self._run(doing)
        count = len(self._world.aboard_of(self._vehicle_id, doing.run_id))
        self._later(self._timers.now_s() + fixed_s + per_parcel_s * count, lambda: self._finish_drop(doing))

    def _finish_drop(self, doing: Doing) -> None:
        handed_over = self._world.drop(self._vehicle_id, doing.run_id, doing.stop_id)
        self._finish(doing, handed_over, "delivered")

    def _later(self, at_s: float, callback: Callable[[], None]) -> None:
        self._timer = self._timers.call_at(at_s, callback)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()

    # ---- endings

    def _run(self, doing: Doing) -> None:
        doing.status = ActionStatus.RUNNING
        self._touched()

    def _finish(self, doing: Doing, moved: int | Refused, word: str) -> None:
        if isinstance(moved, Refused):
            self._end(doing, ActionStatus.FAILED, moved.reason)
        else:
            self._end(doing, ActionStatus.FINISHED, f"{word}={moved}")
        self._go_to_next()

    def _go_to_next(self) -> None:
        visit = self._visit
        assert visit is not None
        visit.todo.pop(0)
        self._next()

    def _end(self, doing: Doing, status: ActionStatus, result: str) -> None:
        doing.status, doing.result = status, result
        if status is ActionStatus.FAILED:
            self._failed(doing)
        self._touched()

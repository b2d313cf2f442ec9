"""Instant actions: what a vehicle does at once, whatever its order says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fleet.wire.messages import Action, ActionState, ActionStatus, ErrorReference, OperatingMode
from vehicle_sim import complaints
from vehicle_sim.complaints import Complaint
from vehicle_sim.driver import Phase
from vehicle_sim.handling import Doing, shown

if TYPE_CHECKING:
    from vehicle_sim.vehicle import SimVehicle


NOT_BY_HAND = frozenset({"startCharging", "stopCharging", "startPause", "stopPause"})
"""Not done while a person has the wheel."""


class InstantDesk:
    """The instant actions of one vehicle. One that is sent again under its id is confirmed, never repeated."""

    def __init__(self, vehicle: SimVehicle) -> None:
        self._vehicle = vehicle
        self._doing: dict[str, Doing] = {}
        self._heard: set[str] = set()
        self._cancel: Doing | None = None
        self._pause: Doing | None = None
        self._is_answering = False
        self._acts = {
            "cancelOrder": self._cancel_order,
            "stateRequest": self._state_request,
            "factsheetRequest": self._factsheet_request,
            "startCharging": self._start_charging,
            "stopCharging": self._stop_charging,
            "startPause": self._start_pause,
            "stopPause": self._stop_pause,
            **self._newer(),
        }

    def _newer(self) -> dict[str, Callable[[Doing], None]]:
        """Those that not every version has."""
        vehicle = self._vehicle
        acts: dict[str, Callable[[Doing], None]] = {
            "clearInstantActions": self._clear,
            "retry": lambda doing: self._decide(doing, vehicle.handling.retry, "actionId"),
            "skipRetry": lambda doing: self._decide(doing, vehicle.handling.skip, "actionId"),
            "enableZoneSet": lambda doing: self._decide(doing, vehicle.zones.enable, "zoneSetId"),
            "deleteZoneSet": lambda doing: self._decide(doing, vehicle.zones.delete, "zoneSetId"),
            "startHibernation": self._start_hibernation,
            "stopHibernation": self._stop_hibernation,
        }
        return {name: act for name, act in acts.items() if name in vehicle.edition.instants}

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._acts)

    @property
    def heard_count(self) -> int:
        """How many it has heard of since it started."""
        return len(self._heard)

    @property
    def is_stopping(self) -> bool:
        """A cancel is being carried out."""
        return self._cancel is not None

    def states(self) -> list[ActionState]:
        return shown(self._doing.values(), self._vehicle.character.shows_over_states)

    def forget(self) -> None:
        """A new order begins: what is over is no longer shown, but never done again."""
        if not self._vehicle.edition.keeps_instants:
            self._forget_over()

    def _forget_over(self) -> None:
        self._doing = {key: doing for key, doing in self._doing.items() if not doing.is_over}

    def forget_all(self) -> None:
        """After a restart nothing is known of what was asked."""
        self._doing, self._heard = {}, set()
        self._cancel = self._pause = None
        self._is_answering = False

    def hear(self, action: Action) -> None:
        if action.action_id not in self._heard:
            self._heard.add(action.action_id)
            doing = Doing(action, ActionStatus.RUNNING)
            self._doing[action.action_id] = doing
            act = self._acts.get(action.action_type)
            if self._vehicle.is_hibernating and action.action_type != "stopHibernation":
                self._fail(doing, complaints.INSTANT_FAILED, f"{action.action_type}: it sleeps")
            elif act and action.action_type in NOT_BY_HAND and self._vehicle.mode is not OperatingMode.AUTOMATIC:
                self._fail(doing, complaints.INSTANT_FAILED, f"{action.action_type}: in mode {self._vehicle.mode}")
            elif act:
                act(doing)
            else:
                self._fail(doing, complaints.INSTANT_FAILED, f"{action.action_type} is not known here")
        self._vehicle.touched()

    def stood(self) -> None:
        """The vehicle has come to a stand."""
        if self._pause:
            self._pause.status, self._pause = ActionStatus.FINISHED, None

    def try_cancel(self) -> None:
        """Finish a cancel once the vehicle stands and no hands are at work."""
        vehicle, cancel = self._vehicle, self._cancel
        if cancel is None or vehicle.driver.phase is not Phase.STANDING or vehicle.handling.is_busy:
            return
        vehicle.driver.drop_order()
        wait_s, timers = vehicle.character.answers_cancel_after_s, vehicle.world.timers
        if not wait_s:
            self._answer(cancel)
        elif not self._is_answering:
            self._is_answering = True
            timers.call_at(timers.now_s() + wait_s, lambda: self._answer(cancel))

    def _answer(self, cancel: Doing) -> None:
        if self._cancel is not cancel:
            return  # forgotten in a restart
        self._cancel, self._is_answering = None, False
        cancel.status = ActionStatus.FINISHED
        self._vehicle.touched()

    # ---- one method for each

    def _cancel_order(self, doing: Doing) -> None:
        vehicle, order_id = self._vehicle, doing.text("orderId")
        order = vehicle.order
        if order is None or vehicle.is_idle or (order_id and order_id != order.order_id):
            self._fail(doing, complaints.NOTHING_TO_CANCEL, f"no order {order_id} is active")
            return
        if self._cancel is not None:
            doing.status = ActionStatus.FINISHED  # a second cancel of the same order
            return
        self._cancel = doing
        order.is_cancelled = True
        if vehicle.character.cancels_at_once:
            vehicle.driver.halt()
        else:
            vehicle.driver.end_at_next_node()
        vehicle.handling.abandon()
        self.try_cancel()

    def _state_request(self, doing: Doing) -> None:
        doing.status = ActionStatus.FINISHED

    def _factsheet_request(self, doing: Doing) -> None:
        self._vehicle.voice.say_factsheet()
        doing.status = ActionStatus.FINISHED

    def _start_charging(self, doing: Doing) -> None:
        fault = "an order is active" if not self._vehicle.is_idle else self._vehicle.plug.start()
        if fault:
            self._fail(doing, complaints.INSTANT_FAILED, f"startCharging: {fault}")
        else:
            doing.status = ActionStatus.FINISHED

    def _stop_charging(self, doing: Doing) -> None:
        self._vehicle.plug.stop()
        doing.status = ActionStatus.FINISHED

    def _start_pause(self, doing: Doing) -> None:
        vehicle = self._vehicle
        vehicle.is_paused = True
        vehicle.driver.halt()
        if vehicle.driver.is_driving:
            self._pause = doing
        else:
            doing.status = ActionStatus.FINISHED

    def _stop_pause(self, doing: Doing) -> None:
        self._vehicle.is_paused = False
        doing.status = ActionStatus.FINISHED
        self._vehicle.go_on()

    def _clear(self, doing: Doing) -> None:
        self._forget_over()
        doing.status = ActionStatus.FINISHED

    def _decide(self, doing: Doing, act: Callable[[str], bool], key: str) -> None:
        if act(doing.text(key)):
            doing.status = ActionStatus.FINISHED
            self._vehicle.go_on()
        else:
            text = f"{doing.action.action_type}: there is nothing to do it to"
            self._fail(doing, complaints.INSTANT_FAILED, text)

    def _start_hibernation(self, doing: Doing) -> None:
        vehicle = self._vehicle
        if not vehicle.is_idle or vehicle.driver.is_driving:
            self._fail(doing, complaints.INSTANT_FAILED, "startHibernation: an order is active")
            return
        doing.status = ActionStatus.FINISHED
        vehicle.voice.say_state()
        vehicle.is_hibernating = True
        vehicle.voice.say_sleeping()

    def _stop_hibernation(self, doing: Doing) -> None:
        self._vehicle.is_hibernating = False
        doing.status = ActionStatus.FINISHED
        self._vehicle.voice.say_awake()

    def _fail(self, doing: Doing, complaint: Complaint, description: str) -> None:
        doing.status, doing.result = ActionStatus.FAILED, description
        reference = ErrorReference(key="actionId", value=doing.action.action_id)
        self._vehicle.complain(complaint, description, (reference,))

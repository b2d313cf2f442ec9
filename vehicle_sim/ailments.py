"""What befalls a vehicle: it restarts, somebody takes the wheel, it is stopped, its charger or its clock is wrong.

A vehicle stays an honest one through all of it: it says what it knows, and no more. What ends by itself ends after a
while; what two people began ends with the later of both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fleet.model.place import Place
from fleet.wire.messages import EmergencyStop, OperatingMode, OrderNode, Safety
from vehicle_sim.driver import Phase

if TYPE_CHECKING:
    from vehicle_sim.vehicle import SimVehicle

SAG_SHARE = 0.3
CLOCK_LIES_S = {"ahead": 3600.0, "behind": -3600.0, "years": -3 * 365 * 86400.0}
STOPS = {
    "autoack": Safety(emergency_stop=EmergencyStop.AUTOACK, field_violation=False),
    "manual": Safety(emergency_stop=EmergencyStop.MANUAL, field_violation=False),
    "field": Safety(emergency_stop=EmergencyStop.NONE, field_violation=True),
}


class Ailments:
    """What is wrong with one vehicle.

    Attributes:
        refuses: it takes no new orders ("orders"), or no updates either ("updates"); empty where it takes all.
    """

    def __init__(self, vehicle: SimVehicle) -> None:
        self._vehicle = vehicle
        self._ends_s: dict[str, float] = {}
        self._once_standing: list[Callable[[], None]] = []
        self._arrived: OrderNode | None = None
        self._safe = vehicle.safety
        self.refuses = ""

    @property
    def is_well(self) -> bool:
        """Nothing of all this is the matter at present."""
        vehicle = self._vehicle
        is_free = not vehicle.is_off and vehicle.safety is self._safe and vehicle.mode is OperatingMode.AUTOMATIC
        return is_free and not self.refuses and not self._once_standing

    @property
    def can_be_moved(self) -> bool:
        return self._vehicle.driver.phase is Phase.STANDING and not self._vehicle.handling.is_busy

    # ---- restart

    def reboot(self, variant: str, for_s: float) -> None:
        """Go dark, stand, and come back counting from zero: with everything else as before, or with no order."""
        vehicle = self._vehicle
        vehicle.is_off = True
        vehicle.driver.halt()
        vehicle.plug.stop()
        if variant != "keeps":
            node_id = "" if variant == "lost" else None
            self._when_standing(lambda: vehicle.forget_order(vehicle.last_node_id if node_id is None else node_id))
        self._until("off", for_s, self._boot)
        vehicle.voice.radio.silence(for_s)

    def arrived(self, node: OrderNode) -> None:
        """It came to stand where something is to be done, and is off."""
        self._arrived = node

    def _boot(self) -> None:
        vehicle, node = self._vehicle, self._arrived
        vehicle.is_off, self._arrived = False, None
        vehicle.voice.count_anew()
        if node is not None and vehicle.order is not None:
            vehicle.handling.begin(node)
        vehicle.go_on()
        vehicle.touched()

    # ---- people at the wheel

    def go_manual(self, for_s: float, *, clears: bool = True) -> None:
        """Leave AUTOMATIC for a while; an order is cleared at that, as 2.1.0 asks, or survives all the same."""
        vehicle = self._vehicle
        vehicle.mode = OperatingMode.MANUAL
        vehicle.driver.halt()
        if clears:
            vehicle.handling.abandon()
            if vehicle.order:
                vehicle.order.is_cancelled = True
            self._when_standing(vehicle.clear_order)
        self._until("mode", for_s, self._go_automatic)
        vehicle.touched()

    def is_towed(self, place: Place, node_id: str | None) -> None:
        """Somebody has driven it elsewhere by hand.

        Args:
            place: where it stands now.
            node_id: what it takes for its last node after that; None for the one from before.
        """
        vehicle = self._vehicle
        assert self.can_be_moved
        vehicle.plug.stop()
        vehicle.clear_order()
        vehicle.driver.is_moved(place)
        vehicle.was_moved = node_id is None
        if node_id is not None:
            vehicle.forget_order(node_id)
        vehicle.touched()

    def _go_automatic(self) -> None:
        self._vehicle.mode = OperatingMode.AUTOMATIC
        self._vehicle.go_on()
        self._vehicle.touched()

    # ---- the rest

    def stop(self, variant: str, for_s: float) -> None:
        """Emergency stop or a protective field; the order is kept."""
        self._vehicle.safety = STOPS[variant]
        self._vehicle.driver.halt()
        self._until("stop", for_s, self._free)
        self._vehicle.touched()

    def _free(self) -> None:
        self._vehicle.safety = self._safe
        self._vehicle.go_on()
        self._vehicle.touched()

    def refuse(self, variant: str, for_s: float) -> None:
        """Take no new orders for a while, or no updates either."""
        self.refuses = variant
        self._until("refusal", for_s, self._take_again)

    def _take_again(self) -> None:
        self.refuses = ""

    def break_charger(self, variant: str, for_s: float) -> None:
        """No power from any charger: it says so, or nothing happens."""
        self._vehicle.plug.stop()
        self._vehicle.plug.fault = variant
        self._until("charger", for_s, self._mend_charger)
        self._vehicle.touched()

    def _mend_charger(self) -> None:
        self._vehicle.plug.fault = ""

    def sag(self) -> None:
        self._vehicle.driver.sag(SAG_SHARE)

    def set_clock_wrong(self, variant: str, for_s: float) -> None:
        self._vehicle.clock_lie_s = CLOCK_LIES_S[variant]
        self._until("clock", for_s, self._set_clock)
        self._vehicle.touched()

    def _set_clock(self) -> None:
        self._vehicle.clock_lie_s = 0.0
        self._vehicle.touched()

    # ---- when

    def stood(self) -> None:
        """The vehicle has come to a stand."""
        todo, self._once_standing = self._once_standing, []
        for act in todo:
            act()

    def _when_standing(self, act: Callable[[], None]) -> None:
        self._once_standing.append(act)
        if self._vehicle.driver.phase is Phase.STANDING:
            self.stood()

    def _until(self, what: str, for_s: float, end: Callable[[], None]) -> None:
        """Call `end` after a while, unless the same befell the vehicle again for longer."""
        timers = self._vehicle.world.timers
        end_s = self._ends_s[what] = max(timers.now_s() + for_s, self._ends_s.get(what, 0.0))

        def is_over() -> None:
            if self._ends_s.get(what) == end_s:
                del self._ends_s[what]
                end()

        timers.call_at(end_s, is_over)

"""What is known of each vehicle, and what was agreed with it."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.event.base import Event
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import ActionKind
from fleet.model.place import Place
from fleet.model.profile import Learned, WireLimits
from fleet.model.refusal import Reaction
from fleet.model.twin import Liveness
from fleet.model.vehicle import Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleEnrolled(Event):
    """The site file lists this vehicle, anew or with other particulars."""

    vehicle: Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged(Event):
    vehicle_id: VehicleId
    connection: str
    by_state: bool = False
    """it never said so itself: its states came in again after its connection had broken"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessChanged(Event):
    vehicle_id: VehicleId
    liveness: Liveness


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionChanged(Event):
    """Mode, safety state, pause or faults of a vehicle changed.

    Attributes:
        fatal: faults with which it takes no order.
        critical: faults with which it does not go on with the order it has, and takes another.
    """

    vehicle_id: VehicleId
    mode: str
    is_stopped: bool
    is_paused: bool
    fatal: tuple[str, ...]
    critical: tuple[str, ...] = ()
    is_localized: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MapChanged(Event):
    """What the vehicle says of the map that our orders name: enabled, disabled, missing, or nothing.

    Attributes:
        map_version: of the one that it holds.
    """

    vehicle_id: VehicleId
    map_id: str
    word: str
    map_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLearned(Event):
    """The vehicle has told more, or something else, of how it wants to be spoken to."""

    vehicle_id: VehicleId
    learned: Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesKept(Event):
    """What the vehicle has goes on under the names it was told by, though other ids are asked for by now.

    Attributes:
        limits: that those names keep; None where it has nothing any more, and is told all by the new ones.
    """

    vehicle_id: VehicleId
    limits: WireLimits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangeOrderShown(Event):
    """The vehicle shows an order that this journal knows nothing of, by this id in its own words.

    It may be from before the journal; no order of ours gets that name.
    """

    vehicle_id: VehicleId
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondBaseChanged(Event):
    """The vehicle is behind the end of what it was let into, or, where `where` is empty, no longer."""

    vehicle_id: VehicleId
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalTaken(Event):
    """What is done about the refusal of an order or update.

    Attributes:
        again_s: nothing new is told before.
        avoids: optional parts of messages that this vehicle is not told any more.
        window_edges: it is told no more of a way at once; 0 where it did not ask for that.
    """

    vehicle_id: VehicleId
    order_id: OrderId
    update_id: int
    kind: str
    reaction: Reaction
    again_s: float
    avoids: tuple[str, ...] = ()
    window_edges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadShut(Event):
    """One vehicle says that it cannot be sent over a road; others are sent there as before."""

    vehicle_id: VehicleId
    road_key: str
    until_s: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesTold(Event):
    """The vehicle is told which roads are closed or slow, as zones of its map; all zones told before are void."""

    vehicle_id: VehicleId
    zone_set_id: str
    road_keys: tuple[str, ...]
    slow_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesShown(Event):
    """The vehicle shows a zone set that it was told, or no longer does; `old` are earlier ones that it holds still."""

    vehicle_id: VehicleId
    zone_set_id: str
    is_enabled: bool
    old: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesTidied(Event):
    """The vehicle is asked to forget a zone set that no longer holds."""

    vehicle_id: VehicleId
    zone_set_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered(Event):
    """The vehicle asked leave for something, and this is decided.

    Attributes:
        kind: ACCESS or REPLANNING of a zone, or the CORRIDOR of an edge.
        subject: the zone or edge it is about.
        until_s: how long what was granted may be used.
        takes_room: what was granted reaches beyond the lane, and others are kept out of it.
    """

    vehicle_id: VehicleId
    request_id: str
    kind: str
    subject: str
    grant: str
    until_s: float | None
    why: str
    takes_room: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveEnded(Event):
    """The vehicle no longer uses what it was granted: by its own state it was given back, taken away or has run out."""

    vehicle_id: VehicleId
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTaken(Event):
    """The vehicle no longer waits for this answer."""

    vehicle_id: VehicleId
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintsChanged(Event):
    """The vehicle shows other refusals than before that name no order; the next order is not judged by them."""

    vehicle_id: VehicleId
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeChanged(Event):
    vehicle_id: VehicleId
    soc_fraction: float
    is_charging: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingFailed(Event):
    """A vehicle was asked to charge, or to leave the charger, and did not: it is asked again after a while."""

    vehicle_id: VehicleId
    kind: ActionKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePlaced(Event):
    """A vehicle without an order of ours says where it stands."""

    vehicle_id: VehicleId
    node_id: str
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLeftChanged(Event):
    """The vehicle's own state began or ceased to show something left to do, or an order that is not ours."""

    vehicle_id: VehicleId
    has_order_left: bool
    foreign_order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedChanged(Event):
    """The vehicle began or ceased to say that it cannot enter an edge; `edge_id` empty means it ceased."""

    vehicle_id: VehicleId
    edge_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleHeld(Event):
    """Nothing is sent to the vehicle until it is released."""

    vehicle_id: VehicleId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReleased(Event):
    vehicle_id: VehicleId
    why: str

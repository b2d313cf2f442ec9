"""One dataclass for each thing that can happen.

Events are the journal's content: once written they are never changed. A new meaning gets a new type version and an
upcaster, never an edit. They hold plain values only, so that the journal can be read without the program's state.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.assist import Assist, AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import (
    ActionId,
    AssistId,
    OrderId,
    ParcelId,
    PointId,
    RunId,
    StationId,
    TripId,
    VehicleId,
)
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase, PathEdge
from fleet.model.place import Place
from fleet.model.profile import Learned, WireLimits
from fleet.model.refusal import Reaction
from fleet.model.run import HandedOn, Run
from fleet.model.trip import Plan, TripPhase
from fleet.model.twin import Liveness
from fleet.model.vehicle import Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaOpened(Event):
    """A controller took the area over. `token` makes ids unique for ever; the first one stays."""

    token: str
    epoch: int
    map_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleEnrolled(Event):
    """The site file lists this vehicle, anew or with other particulars."""

    vehicle: Vehicle


# Runs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsAccepted(Event):
    """Runs were asked for and are ours from now on.

    Attributes:
        key: the caller's idempotency key.
        again: parcels among them that an earlier run left at the station.
    """

    key: str
    digest: str
    runs: tuple[Run, ...]
    again: tuple[HandedOn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsArchived(Event):
    """Runs and trips that have been over for long leave the state, with their parcels; tables and journal keep them.

    Attributes:
        keys: idempotency keys of which no run is left.
    """

    run_ids: tuple[RunId, ...]
    trip_ids: tuple[TripId, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled(Event):
    run_id: RunId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecalled(Event):
    """A run that is aboard shall come back instead of being delivered."""

    run_id: RunId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReleased(Event):
    """A run left its trip before anything of it was aboard and waits for another one."""

    run_id: RunId
    why: str


# Plan and trips -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAdopted(Event):
    """All trips that have not begun are replaced by those of this plan."""

    version: int
    why: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRefused(Event):
    """A solver's answer was not taken, and why."""

    made_by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TripStarted(Event):
    trip_id: TripId
    vehicle_id: VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class TripMoved(Event):
    """A trip reached its next phase."""

    trip_id: TripId
    phase: TripPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDone(Event):
    """A visit is over; `deferred` runs are tried again at the end of the trip, `given_up` ones come back."""

    trip_id: TripId
    point_id: PointId
    deferred: tuple[RunId, ...]
    given_up: tuple[RunId, ...]
    why: str


# Reservations ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved(Event):
    """A vehicle holds one unit of a resource ("bay:schaan", "charger:schaan")."""

    resource: str
    vehicle_id: VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed(Event):
    resource: str
    vehicle_id: VehicleId


# Orders ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIssued(Event):
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExtended(Event):
    """More of the way is released."""

    order_id: OrderId
    update_id: int
    released: int
    announced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRerouted(Event):
    """The way behind the base is another one from now on."""

    order_id: OrderId
    kept: int
    path: tuple[PathEdge, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaced(Event):
    """The pieces of the way from `kept` on, none of them released, are driven at other speeds; the way is the same."""

    order_id: OrderId
    kept: int
    speeds_mps: tuple[float, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen(Event):
    """A state of the vehicle shows this order and update: it is accepted."""

    order_id: OrderId
    update_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRefused(Event):
    """The vehicle refused an update: its number is burnt, and the base is what was accepted before.

    Attributes:
        update_id: the greatest number that is burnt.
        counts: as so many refusals; one that no further update could mend counts as enough to end the order.
    """

    order_id: OrderId
    update_id: int
    why: str
    counts: int = 1


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
class BaseRequested(Event):
    """The vehicle asks for more road before it would get some."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePassed(Event):
    """The vehicle has driven the first `passed` edges of its order."""

    order_id: OrderId
    passed: int
    place: Place
    node_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionMoved(Event):
    order_id: OrderId
    action_id: ActionId
    phase: ActionPhase
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedActionSeen(Event):
    """The vehicle does, or has done, something of an order that was over for us: a late copy of it has come back."""

    vehicle_id: VehicleId
    order_id: OrderId
    action_id: ActionId
    phase: ActionPhase
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelling(Event):
    """We want the order ended; the vehicle may still drive to the end of its base."""

    order_id: OrderId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded(Event):
    order_id: OrderId
    phase: OrderPhase
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantIssued(Event):
    """An instant action was asked for.

    Attributes:
        order_id: the order that a cancelOrder is about.
        about: the action that a retry or skipRetry is about.
        tries: how many of this kind went unanswered just before.
    """

    vehicle_id: VehicleId
    action_id: ActionId
    kind: ActionKind
    order_id: OrderId | None
    about: ActionId | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantMoved(Event):
    vehicle_id: VehicleId
    action_id: ActionId
    phase: ActionPhase
    result: str
    is_shown: bool = False


# Custody --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsLoaded(Event):
    """The vehicle's pick finished: these parcels ride on it. Evidence: the action."""

    run_id: RunId
    vehicle_id: VehicleId
    parcel_ids: tuple[ParcelId, ...]
    action_id: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsDelivered(Event):
    """The vehicle's drop finished at the run's point: these parcels are there, the refused ones still aboard."""

    run_id: RunId
    vehicle_id: VehicleId
    point_id: PointId
    parcel_ids: tuple[ParcelId, ...]
    refused: tuple[ParcelId, ...]
    action_id: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsReturned(Event):
    """Parcels nobody took are back at the station. `why` names the fault."""

    run_id: RunId
    vehicle_id: VehicleId
    station_id: StationId
    parcel_ids: tuple[ParcelId, ...]
    action_id: ActionId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsUnsure(Event):
    """Nobody can say where these parcels are until a person has looked."""

    run_id: RunId
    parcel_ids: tuple[ParcelId, ...]
    assist_id: AssistId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsSettled(Event):
    """A person told where parcels are that nobody was sure of; that word is the evidence.

    Attributes:
        at, holder: their custody from now on; for missing ones the assist in which they were looked for.
        tries_again: a lot that is whole at its station waits for another trip.
    """

    run_id: RunId
    parcel_ids: tuple[ParcelId, ...]
    at: CustodyKind
    holder: str
    why: str
    tries_again: bool = False


# Vehicles -------------------------------------------------------------------------------------------------------


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
class OrderIdPassed(Event):
    """The next order id is one that the vehicle shows already, as it would be told it; nobody ever gets it."""

    vehicle_id: VehicleId
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondBaseChanged(Event):
    """The vehicle is behind the end of what it was let into, or, where `where` is empty, no longer."""

    vehicle_id: VehicleId
    where: str


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
    """

    vehicle_id: VehicleId
    request_id: str
    kind: str
    subject: str
    grant: str
    until_s: float | None
    why: str


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


# Roads and people -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosed(Event):
    """No vehicle is sent onto this edge until `until_s`.

    An obstacle that a vehicle reported is no ban: whoever is already allowed in may go and see for itself.
    """

    road_key: str
    until_s: float
    why: str
    is_obstacle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadReopened(Event):
    road_key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadSlowed(Event):
    """Road that is released on this edge from now on until `until_s` is driven at this speed at most."""

    road_key: str
    speed_mps: float
    until_s: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadUnslowed(Event):
    road_key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistRaised(Event):
    assist: Assist


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistResolved(Event):
    assist_id: AssistId
    cause: AssistCause
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuarantined(Event):
    """Handling this item raised an error; it is left alone until a person has looked, the others go on."""

    subject: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEnded(Event):
    """What failed is tried again by itself, as planning is, and worked."""

    subject: str
    why: str

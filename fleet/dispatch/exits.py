"""How each assist comes to its end: by itself, by a command, or because a person has seen to it and closes it.

No cause is without an exit. A person may not close what still stands and would hide a danger: then the command that
ends it is named instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fleet.dispatch.fitness import STOPPED
from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import Assist, AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import AssistId, RunId, VehicleId
from fleet.model.run import OPEN_PHASES
from fleet.model.site import Site
from fleet.model.twin import AUTOMATIC_MODES, MAP_UNFIT, Liveness, Twin
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState


@dataclass(frozen=True, slots=True)
class ResolveAssist:
    """A person has seen to it, and nobody else need come."""

    assist_id: AssistId
    why: str


Stands = Callable[[FleetState, Assist], bool]


@dataclass(frozen=True, slots=True)
class Exit:
    """How assists of one cause end.

    Attributes:
        means: what has happened.
        by_itself: what ends it without anybody's word; empty where nothing does.
        commands: what people can do, as it is typed; VEHICLE, RUN, ROAD and ASSIST stand for names.
        stands: while this holds, nobody may merely close it.
    """

    means: str
    by_itself: str
    commands: tuple[str, ...]
    stands: Stands


# What still stands ----------------------------------------------------------------------------------------------------


def _never(state: FleetState, assist: Assist) -> bool:
    return False


def _twin(state: FleetState, assist: Assist) -> Twin | None:
    kind, _, name = assist.subject.partition(":")
    return state.twins.get(VehicleId(name)) if kind == "vehicle" else None


def is_under_orders(twin: Twin) -> bool:
    """It has, or may have, something to do for us, or carries what is ours."""
    return bool(twin.order_id or twin.trip_id or twin.aboard)


def _while_in_service(holds: Callable[[Twin], bool]) -> Stands:
    """It stands while it is true of a vehicle that is in service; one that is held with nothing to do may be left."""

    def stands(state: FleetState, assist: Assist) -> bool:
        twin = _twin(state, assist)
        return twin is not None and holds(twin) and (not twin.held or is_under_orders(twin))

    return stands


def _is_lost(twin: Twin) -> bool:
    return twin.liveness is Liveness.LOST


def _is_offline(twin: Twin) -> bool:
    return twin.connection == "OFFLINE" and twin.order_id is not None


def _is_unspoken(twin: Twin) -> bool:
    return bool(twin.learned.unspoken)


def _is_too_large(twin: Twin) -> bool:
    return bool(twin.outsize)


def _has_fault(twin: Twin) -> bool:
    return bool(twin.fatal) or bool(twin.critical) or twin.is_stopped


def _is_not_automatic(twin: Twin) -> bool:
    return bool(twin.mode) and twin.mode not in AUTOMATIC_MODES


def _lacks_map(twin: Twin) -> bool:
    return twin.map_word in MAP_UNFIT


def _is_foreign(twin: Twin) -> bool:
    return bool(twin.foreign_order)


def _waits_in_custody(state: FleetState, assist: Assist) -> bool:
    return any(c.kind is CustodyKind.ASSIST and c.holder == assist.id for c in state.custody.values())


def _is_left(state: FleetState, assist: Assist) -> bool:
    twin = _twin(state, assist)
    return twin is not None and is_under_orders(twin)


def _is_under_order_or_closed(state: FleetState, assist: Assist) -> bool:
    kind, _, name = assist.subject.partition(":")
    twin = _twin(state, assist)
    return name in state.closures if kind == "road" else twin is not None and twin.order_id is not None


def _is_held(state: FleetState, assist: Assist) -> bool:
    twin = _twin(state, assist)
    return twin is not None and bool(twin.held)


def _is_unconfirmed(state: FleetState, assist: Assist) -> bool:
    twin = _twin(state, assist)
    order = state.orders.get(twin.order_id) if twin is not None and twin.order_id else None
    return (order is not None and not order.is_confirmed) or (twin is not None and twin.is_asked)


def _is_blocked(state: FleetState, assist: Assist) -> bool:
    twin = _twin(state, assist)
    return twin is not None and twin.blocked is not None


def _is_unserved(state: FleetState, assist: Assist) -> bool:
    view = state.runs.get(RunId(assist.subject.partition(":")[2]))
    return view is not None and view.phase in OPEN_PHASES and view.trip_id is None


def _is_quarantined_vehicle(state: FleetState, assist: Assist) -> bool:
    return _twin(state, assist) is not None and assist.subject in state.quarantine


CLOSE = "fleet assist resolve ASSIST"
HOLD = "fleet vehicle pause VEHICLE"
RESUME = "fleet vehicle resume VEHICLE"
END_ORDER = "fleet vehicle end-order VEHICLE"
SETTLE = "fleet run settle RUN"
CANCEL = "fleet run cancel RUN"
REOPEN = "fleet roads reopen ROAD"

C = AssistCause
EXITS: Mapping[AssistCause, Exit] = MappingProxyType(
    {
        C.PARCELS_UNSURE: Exit(
            "nobody can say where parcels of a run are; no plan and no vehicle touches them",
            "",
            (SETTLE,),
            _waits_in_custody,
        ),
        C.ORDER_VANISHED: Exit(
            "a vehicle no longer knows its order and is told again; after the third in a row it is held",
            "it drives on",
            (RESUME, CLOSE),
            _is_held,
        ),
        C.FOREIGN_ORDER: Exit(
            "a vehicle follows an order that is not ours, or one of ours that is over",
            "the vehicle no longer shows that order",
            (HOLD, END_ORDER, CLOSE),
            _while_in_service(_is_foreign),
        ),
        C.OTHER_CONTROLLER: Exit(
            "another controller of this area came to the broker; it gives no orders and ends, this one goes on. Stop it"
            " for good, or give it a site id of its own: it may have been started from a copy of the data directory",
            "",
            (CLOSE,),
            _never,
        ),
        C.BEYOND_BASE: Exit(
            "a vehicle is behind the end of what it was let into: nothing but a cancel is sent to it; closing it lets"
            " it go on",
            "its order is over",
            (HOLD, END_ORDER, CLOSE),
            _never,
        ),
        C.VEHICLE_OFFLINE: Exit(
            "a vehicle has taken its leave with an order of ours, and keeps it",
            "it is online again, or its order is over",
            (HOLD, END_ORDER, CLOSE),
            _while_in_service(_is_offline),
        ),
        C.VEHICLE_LOST: Exit(
            "a vehicle is silent", "the vehicle is heard", (END_ORDER, HOLD, CLOSE), _while_in_service(_is_lost)
        ),
        C.VEHICLE_REMOVED: Exit(
            "a vehicle is no longer in the site file, and has an order, a trip or parcels of ours",
            "it is in the site file again at the next start",
            (END_ORDER,),
            _is_left,
        ),
        C.VEHICLE_FAULT: Exit(
            "a vehicle shows a fault that stops it, or its emergency stop",
            "the vehicle no longer says so",
            (HOLD, END_ORDER, CLOSE),
            _while_in_service(_has_fault),
        ),
        C.VEHICLE_NOT_AUTOMATIC: Exit(
            "a vehicle is driven or serviced by people",
            "it is in an automatic mode again",
            (HOLD, END_ORDER, CLOSE),
            _while_in_service(_is_not_automatic),
        ),
        C.VERSION_UNKNOWN: Exit(
            "a vehicle speaks a version of VDA 5050 that nobody here knows: nothing is sent to it",
            "it says a state that can be read",
            (HOLD, CLOSE),
            _while_in_service(_is_unspoken),
        ),
        C.VEHICLE_TOO_LARGE: Exit(
            "a vehicle says it is longer or wider than lanes and places to stand have room for: nothing is sent to it",
            "its factsheet says another size, or the [[profile]] of its make gives one at the next start",
            (HOLD, END_ORDER, CLOSE),
            _while_in_service(_is_too_large),
        ),
        C.RELEASE_REFUSED: Exit(
            "road could not be released lawfully, or a closed road is no longer in the map",
            "more road is released, the order is over, or the road is open again",
            (REOPEN, HOLD, END_ORDER, CLOSE),
            _is_under_order_or_closed,
        ),
        C.ROAD_CLOSED: Exit(
            "people closed a road that a vehicle is on, and which it leaves, or had been let into: it is stopped",
            "its order is over",
            (HOLD, END_ORDER, CLOSE),
            _is_under_order_or_closed,
        ),
        C.LOW_BATTERY: Exit(
            "a vehicle's charge does not suffice for what it should do and the way home",
            "it is home, or charges",
            (CLOSE, HOLD, END_ORDER),
            _never,
        ),
        C.CHARGER_FAULT: Exit(
            "a vehicle was sent to a charger twice, and its charge does not rise; it is tried again all the same",
            "its charge rises",
            (CLOSE, HOLD),
            _never,
        ),
        C.ORDER_REJECTED: Exit(
            "a vehicle refused an order, an update or an action; for an order it is held",
            "the vehicle takes an order or update, or finishes one",
            (RESUME, CLOSE),
            _is_held,
        ),
        C.ORDER_UNCONFIRMED: Exit(
            "something was sent to a vehicle again and again, and it does not show it; or no broker would take it",
            "the vehicle shows it, or the order is over",
            (HOLD, END_ORDER, CLOSE),
            _is_unconfirmed,
        ),
        C.VEHICLE_LIMITS: Exit(
            "an order cannot be told to a vehicle, for a limit or a gap of its factsheet; tried again each minute",
            "it could be told an order",
            (HOLD, RESUME, END_ORDER, CLOSE),
            _never,
        ),
        C.MAP_MISSING: Exit(
            "a vehicle holds no map by which it could be sent anywhere, or does not enable it",
            "it shows the map enabled",
            (HOLD, END_ORDER, CLOSE),
            _while_in_service(_lacks_map),
        ),
        C.NO_ROUTE: Exit(
            "a vehicle finds no permitted way; closing it has the way looked for at once",
            "it is looked for again, every minute",
            (CLOSE, HOLD, END_ORDER),
            _never,
        ),
        C.BLOCKED: Exit(
            "a vehicle cannot enter a road",
            "it drives on, or its order is finished",
            (HOLD, END_ORDER, CLOSE),
            _is_blocked,
        ),
        C.NO_STAFF: Exit(
            "nobody was there to take the parcels of a run",
            "the run is delivered or back at its station",
            (CLOSE,),
            _never,
        ),
        C.DROP_FAILED: Exit(
            "parcels could not be unloaded; closing that of a vehicle has it tried again at once",
            "it is unloaded, or the run is delivered or back at its station",
            (CLOSE,),
            _never,
        ),
        C.PICK_FAILED: Exit(
            "a run was not loaded and waits for another trip",
            "the run is loaded, cancelled or over",
            (CLOSE, CANCEL),
            _never,
        ),
        C.RUN_UNSERVED: Exit(
            "no vehicle can ever take a run as it is asked for",
            "a trip serves the run, or it merely waits for a vehicle",
            (CANCEL,),
            _is_unserved,
        ),
        C.QUARANTINED: Exit(
            "handling a vehicle, or planning, raised an error", "", (RESUME, CLOSE), _is_quarantined_vehicle
        ),
        C.VEHICLE_LOUD: Exit(
            "a vehicle says so much that is new that the journal would be full of it: only its latest word is taken,"
            " and that only now and then; it is told no order while one waits",
            "it has said less for some minutes",
            (HOLD, END_ORDER, CLOSE),
            _never,
        ),
        C.PROFILE_CONTRADICTS: Exit(
            "site file and vehicle disagree about how it wants to be spoken to; the site file is followed, except for"
            " the version, and for road that is announced to whoever takes it for released",
            "they agree",
            (CLOSE,),
            _never,
        ),
    }
)
"""Every assist also ends by `fleet assist resolve` once what it calls for no longer stands."""

_PLACEHOLDERS = {"vehicle": "VEHICLE", "run": "RUN", "road": "ROAD"}


def remedy(assist: Assist) -> str:
    """What a person can do about it, as it is typed, in the order to think of it."""
    kind, _, name = assist.subject.partition(":")
    others = {word for of_kind, word in _PLACEHOLDERS.items() if of_kind != kind}
    fitting = [c for c in EXITS[assist.cause].commands if not others & set(c.split())]
    words = {_PLACEHOLDERS.get(kind, ""): name, "ASSIST": assist.id}
    return "; ".join(" ".join(words.get(word, word) for word in command.split()) for command in fitting)


# Closing --------------------------------------------------------------------------------------------------------------


def resolve_by_hand(draft: Draft, site: Site, command: ResolveAssist) -> None:
    """Close an assist for a person.

    Raises:
        RefusedError: what it calls for still stands; names the command that ends it.
        UnknownThingError: no such assist is open.
    """
    assist = draft.state.assists.get(command.assist_id)
    if assist is None:
        raise UnknownThingError("open assist", command.assist_id)
    if EXITS[assist.cause].stands(draft.state, assist):
        raise RefusedError(f"{assist.cause} of {assist.subject} still stands ({assist.detail}); {remedy(assist)}")
    twin = _twin(draft.state, assist)
    if twin is not None and assist.cause is C.BEYOND_BASE and twin.beyond:
        draft.emit(ev.BeyondBaseChanged(vehicle_id=twin.vehicle.id, where=""))
    resolution = f"closed by hand: {command.why}"
    draft.emit(ev.AssistResolved(assist_id=assist.id, cause=assist.cause, resolution=resolution))
    if twin is not None and twin.vehicle.id in site.vehicles:
        draft.touch(twin.vehicle.id)


def call_again(draft: Draft, vehicle_id: VehicleId) -> None:
    """A vehicle back in service is seen to again, though a person had closed what it was called for."""
    twin, subject = draft.state.twin(vehicle_id), vehicle_subject(vehicle_id)
    if _is_lost(twin):
        raise_assist(draft, C.VEHICLE_LOST, subject, "not heard of")
    if _has_fault(twin):
        detail = ", ".join((*twin.fatal, *twin.critical)) or STOPPED
        raise_assist(draft, C.VEHICLE_FAULT, subject, detail)
    if _is_not_automatic(twin):
        raise_assist(draft, C.VEHICLE_NOT_AUTOMATIC, subject, f"in mode {twin.mode}")
    if _is_foreign(twin):
        raise_assist(draft, C.FOREIGN_ORDER, subject, f"follows {twin.foreign_order}, which is not ours")

"""A vehicle's state becomes events: about itself, its order, its instant actions and the parcels it carries."""

from __future__ import annotations

from functools import partial

from fleet.dispatch.reserve import bay_of, charger_of, free, reserve
from fleet.dispatch.under_order import REFUSALS_MAX
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, VehicleId
from fleet.model.order import REQUESTS, ActionKind, ActionPhase, Order, OrderPhase, StopAction
from fleet.model.place import Place
from fleet.model.twin import Liveness, Twin
from fleet.orders.answers import take_requests
from fleet.orders.asked import ask_under_old_key, clear_finished, may_be_deaf
from fleet.orders.beyond import take_beyond
from fleet.orders.blocked import take_blocked, with_edge
from fleet.orders.build import DEVIATION_M
from fleet.orders.charging import take_charge, take_plug_answer
from fleet.orders.follow import (
    instant_events,
    never_had,
    order_events,
    rejection_of,
    rejection_of_new,
    revived_events,
    shows_load_of,
)
from fleet.orders.handover import action_ended, doubt_hand_over, order_ended
from fleet.orders.hibernation import take_waking
from fleet.orders.introduce import take_answer, take_new_names, take_version
from fleet.orders.maps import take_maps
from fleet.orders.refused import order_refused, refuses_for_good, update_refused
from fleet.orders.way import end_node
from fleet.orders.whereabouts import take_whereabouts
from fleet.orders.zones import take_zones
from fleet.planning.present import predicted_return_s, travel_tables
from fleet.roads.site_roads import SiteRoads, point_node_id, station_node_id
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.intake import NAME_CHARS_MAX, has_order_left, in_short, state_events
from fleet.telemetry.locate import distance_m, locate
from fleet.telemetry.names import Known, has_own_names, our_state
from fleet.telemetry.profiles import profile
from fleet.wire.messages import VehicleState

AT_STATION_M = 50.0
TOO_LATE_S = 120.0
AT_NODE_M = 15.0


def take_state(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, state: VehicleState) -> None:
    """What a state says, all of it that is news."""
    take_version(draft, roads.site, draft.state.twin(vehicle_id), state.header.version)
    before = draft.state.twin(vehicle_id)
    order = draft.state.active_order(vehicle_id)
    state = our_state(state, profile(before).limits, partial(known_names, draft, roads, before))
    for told in state_events(before, state):
        event = with_edge(told, order, state)
        draft.emit(event)
        _react(draft, roads, before, event)
    take_maps(draft, roads.site.map_id, vehicle_id, state)
    if order is not None:
        _take_order(draft, roads, order, state)
    twin = draft.state.twin(vehicle_id)
    for event in instant_events(twin, state, draft.now_s):
        draft.emit(event)
        take_answer(draft, roads.site, twin, event)
        _instant_over(draft, twin, event)
    _never_had(draft, roads, vehicle_id, state)
    _work_left(draft, roads, vehicle_id, state)
    _placed(draft, roads, vehicle_id, state)
    clear_finished(draft, vehicle_id, state)
    take_beyond(draft, roads, vehicle_id, state)
    take_zones(draft, vehicle_id, state)
    take_requests(draft, roads, vehicle_id, state)
    take_version(draft, roads.site, draft.state.twin(vehicle_id), state.header.version)  # what an order kept from it
    take_new_names(draft, vehicle_id)
    if len(draft.entries) or draft.state.twin(vehicle_id).order_id:
        draft.touch(vehicle_id)


def known_names(draft: Draft, roads: SiteRoads, twin: Twin) -> Known:
    """All that the vehicle can be speaking of: its orders, what it was asked, where it stands, the site's doors."""
    order = draft.state.active_order(twin.vehicle.id)
    ended = draft.state.ended_orders.get(twin.vehicle.id, ())
    known = Known(
        orders=tuple(each.id for each in ended),
        nodes=(twin.node_id, *map(station_node_id, roads.site.stations), *map(point_node_id, roads.site.points)),
        actions=(
            *(instant.action_id for instant in twin.instants),
            *(action.action_id for each in ended for action in each.actions),
        ),
    )
    return known if order is None else known.with_order(order)


# What follows from an event of the vehicle itself ---------------------------------------------------------------------


def _react(draft: Draft, roads: SiteRoads, before: Twin, event: ev.Event) -> None:
    vehicle_id, subject = before.vehicle.id, vehicle_subject(before.vehicle.id)
    match event:
        case ev.LivenessChanged():
            resolve_assist(draft, AssistCause.VEHICLE_LOST, subject, "heard again")
            is_news = before.liveness is Liveness.LOST or before.heard_epoch != draft.state.epoch
            if is_news or draft.state.unassigned:  # after a mere gap of the line the plan is as good as before
                draft.want_plan(f"{vehicle_id} is there")
        case ev.ConditionChanged():
            _condition(draft, event)
            take_whereabouts(draft, before, event)
        case ev.BlockedChanged():
            take_blocked(draft, roads, before, event)
        case ev.ChargeChanged():
            take_charge(draft, roads, before)


def _condition(draft: Draft, event: ev.ConditionChanged) -> None:
    subject = vehicle_subject(event.vehicle_id)
    can = event.mode in ("AUTOMATIC", "SEMIAUTOMATIC", "INTERVENED")
    if can:
        resolve_assist(draft, AssistCause.VEHICLE_NOT_AUTOMATIC, subject, f"in mode {event.mode}")
    else:
        raise_assist(draft, AssistCause.VEHICLE_NOT_AUTOMATIC, subject, f"in mode {event.mode}")
    if event.fatal or event.critical:
        raise_assist(draft, AssistCause.VEHICLE_FAULT, subject, ", ".join((*event.fatal, *event.critical)))
    elif not event.is_stopped:  # for a mere stop nobody is called at once: dispatch.fitness
        resolve_assist(draft, AssistCause.VEHICLE_FAULT, subject, "the vehicle no longer says so")
    draft.want_plan(f"condition of {event.vehicle_id} changed")


# Orders ---------------------------------------------------------------------------------------------------------------


def _take_order(draft: Draft, roads: SiteRoads, order: Order, state: VehicleState) -> None:
    last, subject = order, vehicle_subject(order.vehicle_id)
    for event in order_events(order, state, draft.now_s):
        if isinstance(event, ev.OrderSeen):
            resolve_assist(draft, AssistCause.ORDER_UNCONFIRMED, subject, "the vehicle shows it")
            resolve_assist(draft, AssistCause.ORDER_REJECTED, subject, f"it took {order.id}.{event.update_id}")
        last = draft.state.orders[order.id]
        draft.emit(event)
        if isinstance(event, ev.NodePassed):
            resolve_assist(draft, AssistCause.ORDER_VANISHED, subject, "it goes on")
            if draft.state.twin(order.vehicle_id).blocked is None:
                resolve_assist(draft, AssistCause.BLOCKED, subject, "it goes on")
        if isinstance(event, ev.ActionMoved) and event.phase.is_over:
            _action_over(draft, draft.state.orders[order.id], event.action_id, state)
        elif isinstance(event, ev.OrderEnded):
            _order_over(draft, roads, last, state)
            if event.phase is not OrderPhase.FINISHED:
                _stopped_on_the_way(draft, roads, last, state)
                return
            for cause in (AssistCause.BLOCKED, AssistCause.ORDER_REJECTED):
                resolve_assist(draft, cause, subject, f"{order.id} is finished")
            return
    last = draft.state.orders[order.id]
    if state.new_base_request and last.is_confirmed and not (last.wants_base or last.is_fully_released):
        draft.emit(ev.BaseRequested(order_id=order.id))
    rejection = rejection_of(last, state)
    if rejection is not None:
        update_refused(draft, roads, last, rejection, state)


def _action_over(draft: Draft, order: Order, action_id: ActionId, state: VehicleState) -> None:
    """What it did is believed, unless the lot that it shows speaks against it."""
    ended = order.action(action_id)
    if ended is None:
        return
    if shows_load_of(ended, state):
        doubt_hand_over(draft, order.vehicle_id, ended, f"{action_id} is done, and the lot shown aboard")
        return
    action_ended(draft, order, ended)
    _doubt_refusal(draft, order, ended, state)


def _doubt_refusal(draft: Draft, order: Order, action: StopAction, state: VehicleState) -> None:
    """A pick that failed of a lot that is shown aboard, a drop of one that is not: a copy may have done it before."""
    if action.phase is not ActionPhase.FAILED or state.loads is None:
        return
    is_aboard = any(load.load_id == action.run_id for load in state.loads)
    if is_aboard is (action.kind is ActionKind.PICK):
        where = "aboard" if is_aboard else "no longer aboard"
        doubt_hand_over(draft, order.vehicle_id, action, f"{action.action_id} failed, and the lot is shown {where}")


def _never_had(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, state: VehicleState) -> None:
    order = draft.state.active_order(vehicle_id)
    if order is not None and (ended := never_had(order, draft.state.twin(vehicle_id), state)) is not None:
        draft.emit(ended)
        _order_over(draft, roads, order, state)


def _order_over(draft: Draft, roads: SiteRoads, order: Order, state: VehicleState) -> None:
    subject = vehicle_subject(order.vehicle_id)
    rejection = rejection_of_new(order, state)
    order_ended(draft, order, roads.site.policy.no_staff_retries, state)
    if rejection is not None:
        order_refused(draft, roads, order, rejection, state)
    elif order.refusals >= REFUSALS_MAX and refuses_for_good(draft, order):
        why = f"refused {order.refusals} updates of {order.id}"
        draft.emit(ev.VehicleHeld(vehicle_id=order.vehicle_id, why=why))
        draft.want_plan(f"{order.vehicle_id} refuses updates")
    for cause in (AssistCause.RELEASE_REFUSED, AssistCause.ROAD_CLOSED, AssistCause.BEYOND_BASE):
        resolve_assist(draft, cause, subject, "the order is over")
    resolve_assist(draft, AssistCause.VEHICLE_OFFLINE, subject, "the order is over")
    resolve_assist(draft, AssistCause.ORDER_UNCONFIRMED, subject, "the order is over")
    _look_ahead(draft, roads, order.vehicle_id)
    draft.touch(order.vehicle_id)


def _look_ahead(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> None:
    """At the end of each leg: whether the vehicle will be back for what is planned next, or others should know now."""
    planned, twin = draft.state.planned_trips(vehicle_id), draft.state.twin(vehicle_id)
    if not planned or twin.trip_id is None or vehicle_id not in roads.site.vehicles:
        return
    back_s = predicted_return_s(draft.state, roads, travel_tables(draft.state, roads), twin, draft.now_s)
    if back_s > planned[0].trip.load_from_s + TOO_LATE_S:
        draft.want_plan(f"{vehicle_id} will not be back for {planned[0].trip.id}")


def _stopped_on_the_way(draft: Draft, roads: SiteRoads, order: Order, state: VehicleState) -> None:
    """An order ended before its goal: the vehicle may stand between two nodes, and is told from there.

    It takes an order from the node it was at only within what the order allows, whichever node it names.
    """
    on_base = [piece.edge for piece in order.path[max(order.passed - 1, 0) : order.released]]
    if order.update_seen < 0:  # it never took it, and may look the other way
        on_base += [back for edge in on_base if (back := int(roads.graph.edge_reverse[edge])) >= 0]
    if state.position is None or not state.position.is_localized or not on_base:
        return
    twin = draft.state.twin(order.vehicle_id)
    where = (state.position.x_m, state.position.y_m, state.position.theta_rad)
    found = locate(roads.graph, on_base, *where)
    if found is not None and twin.place is not None and found[1] > DEVIATION_M:
        found = locate(roads.graph, (*on_base, twin.place.edge), *where)  # it may never have come to its first node
    if found is None or (twin.place is not None and _is_at(roads, twin.place, state, DEVIATION_M)):
        return
    place: Place | None = found[0] if found[1] <= DEVIATION_M else None  # no order would reach it beside the road
    node_id = end_node(roads.graph, place.edge, place.offset_m).node_id if place is not None else ""
    draft.emit(ev.VehiclePlaced(vehicle_id=order.vehicle_id, node_id=node_id, place=place))


def _is_at(roads: SiteRoads, place: Place, state: VehicleState, within_m: float = AT_NODE_M) -> bool:
    """Whether the vehicle says it is there; a vehicle that tells no position is believed by its node."""
    if state.position is None or not state.position.is_localized:
        return True
    return distance_m(roads.graph, place, state.position.x_m, state.position.y_m) <= within_m


def _instant_over(draft: Draft, before: Twin, event: ev.InstantMoved) -> None:
    vehicle_id = before.vehicle.id
    if event.phase is ActionPhase.FAILED:
        _instant_failed(draft, before, event)
    take_waking(draft, before, event)
    order = draft.state.active_order(vehicle_id)
    if order is None or order.is_confirmed:
        resolve_assist(draft, AssistCause.ORDER_UNCONFIRMED, vehicle_subject(vehicle_id), "the vehicle shows it")
    draft.touch(vehicle_id)


def _instant_failed(draft: Draft, before: Twin, event: ev.InstantMoved) -> None:
    if not take_plug_answer(draft, before, event):
        detail = f"{event.action_id}: {event.result}"
        raise_assist(draft, AssistCause.ORDER_REJECTED, vehicle_subject(event.vehicle_id), detail)


def _work_left(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Whether it is idle by its own word, and whether it follows somebody else's order."""
    twin = draft.state.twin(vehicle_id)
    _take_revived(draft, vehicle_id, state)
    _take_strange(draft, vehicle_id, state)
    left = has_order_left(state)
    asked = {instant.action_id for instant in twin.instants}
    is_other = state.order_id != (twin.order_id or "") and has_order_left(state, besides=asked)
    foreign = in_short(state.order_id) if is_other else ""
    if (left, foreign) == (twin.has_order_left, twin.foreign_order):
        return
    draft.emit(ev.WorkLeftChanged(vehicle_id=vehicle_id, has_order_left=left, foreign_order=foreign))
    _hold_bay(draft, roads, twin, foreign)
    subject = vehicle_subject(vehicle_id)
    if foreign:
        is_ours = draft.state.ended_order(vehicle_id, foreign) is not None
        detail = "which is over; it is cancelled again" if is_ours else "which is not ours"
        raise_assist(draft, AssistCause.FOREIGN_ORDER, subject, f"follows {foreign}, {detail}")
    else:
        resolve_assist(draft, AssistCause.FOREIGN_ORDER, subject, "no longer")


def _take_strange(draft: Draft, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Which order it shows that the journal knows nothing of: by short ids, one of ours may come to have its name.

    Where ids have room for the journal's token none of ours ever will, so nothing is written down.
    """
    twin = draft.state.twin(vehicle_id)
    limits = profile(twin).limits
    may_be_ours = has_own_names(limits) and len(state.order_id) <= NAME_CHARS_MAX
    if not may_be_ours or state.order_id in ("", twin.order_id, twin.strange_order):
        return
    if draft.state.ended_order(vehicle_id, state.order_id) is None:
        draft.emit(ev.StrangeOrderShown(vehicle_id=vehicle_id, order_id=state.order_id))


def _hold_bay(draft: Draft, roads: SiteRoads, before: Twin, foreign: str) -> None:
    """A vehicle that loads by a late copy of an order that was over stands in a bay: nobody else is sent into it."""
    vehicle_id, bay = before.vehicle.id, bay_of(before.vehicle.home_station)
    if _loads_by(draft, vehicle_id, foreign):
        reserve(draft, roads.site, bay, vehicle_id)
    elif _loads_by(draft, vehicle_id, before.foreign_order) and before.trip_id is None:
        free(draft, roads.site, bay, vehicle_id)


def _loads_by(draft: Draft, vehicle_id: VehicleId, order_id: str) -> bool:
    ended = draft.state.ended_order(vehicle_id, order_id)
    return ended is not None and any(action.kind is ActionKind.PICK for action in ended.actions)


def _take_revived(draft: Draft, vehicle_id: VehicleId, state: VehicleState) -> None:
    """A late copy of an order that was over came to its vehicle: nobody knows what hands did by it."""
    ended = draft.state.ended_order(vehicle_id, state.order_id)
    if ended is None:
        return
    for event in revived_events(vehicle_id, ended, state):
        draft.emit(event)
        action = next(action for action in ended.actions if action.action_id == event.action_id)
        doubt_hand_over(draft, vehicle_id, action, f"{ended.id} was over and came back")


def _placed(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Where a vehicle without an order of ours stands: at a node we know, near its station, or nobody knows where."""
    twin = draft.state.twin(vehicle_id)
    if twin.order_id is not None or (twin.place is not None and _stands_there(roads, twin, state)):
        return
    node_id = state.last_node_id
    place = roads.place(twin.vehicle.type_id, node_id)
    if place is not None and not _is_at(roads, place, state, AT_STATION_M):
        node_id, place = "", None  # it was towed, or driven by hand: its last node is no longer where it is
    if place is None and state.position is not None and state.position.is_localized:
        at = roads.nearest_station(twin.vehicle.type_id, state.position.x_m, state.position.y_m, AT_STATION_M)
        if at is not None:
            node_id = station_node_id(at)
            place = roads.place(twin.vehicle.type_id, node_id)
    node_id = in_short(node_id)
    if (node_id, place) == (twin.node_id, twin.place):
        return
    draft.emit(ev.VehiclePlaced(vehicle_id=vehicle_id, node_id=node_id, place=place))
    home = twin.vehicle.home_station
    if node_id != station_node_id(home) and not twin.is_charging:
        free(draft, roads.site, charger_of(home), vehicle_id)  # it was taken away from there by hand


def _stands_there(roads: SiteRoads, twin: Twin, state: VehicleState) -> bool:
    """Whether it still stands where we believe: its position says so, or it names that node and tells no position."""
    if twin.place is None:
        return False
    if twin.node_id == state.last_node_id:
        return _is_at(roads, twin.place, state, AT_STATION_M)
    return state.position is not None and _is_at(roads, twin.place, state, DEVIATION_M)


def unconfirmed(draft: Draft, vehicle_id: VehicleId, ref: str, why: str) -> None:
    """A message was sent many times and no state of the vehicle shows it, or it could not be sent.

    A mere request is given up: states come by themselves too. Anything else needs a person, and is still sent; unless
    the vehicle may merely not have found it.
    """
    twin = draft.state.twin(vehicle_id)
    instant = next((i for i in twin.instants if i.action_id == ref), None)
    if instant is not None and instant.kind in REQUESTS:
        draft.emit(
            ev.InstantMoved(
                vehicle_id=vehicle_id, action_id=instant.action_id, phase=ActionPhase.FAILED, result="no answer"
            )
        )
        return
    if instant is not None and may_be_deaf(twin, instant):
        ask_under_old_key(draft, twin, instant)
        return
    raise_assist(draft, AssistCause.ORDER_UNCONFIRMED, vehicle_subject(vehicle_id), f"{ref} {why}")

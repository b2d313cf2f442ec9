"""The list of all promises that are looked at."""

from __future__ import annotations

from vehicle_sim.checks import area, commands, liveness, orders, pace, parcels, roads, room, standing, vehicles
from vehicle_sim.checks.base import Check, Checks, Glance

ALL: tuple[type[Check], ...] = (
    parcels.AcceptedRunsStay,
    parcels.KeysAreUsedOnce,
    parcels.DeliveredOnce,
    parcels.OnePlaceEach,
    parcels.NeverReassigned,
    parcels.CancelledIsNotDelivered,
    parcels.EveryRunEnds,
    orders.OneOrderAtATime,
    orders.SameNumberSameBytes,
    orders.BaseNeverChanges,
    roads.OnlyWhereItMay,
    roads.ClosedRoadsAreLeft,
    roads.BaseStaysShort,
    standing.BasesEndWhereOneMayStand,
    orders.NothingUnrecorded,
    orders.NeverBackwards,
    area.NeverOverbooked,
    area.NothingLeaked,
    area.OneOwner,
    area.HistoryTellsTheState,
    commands.NothingStale,
    commands.NobodyIsMovedAgainstAStop,
    commands.NothingBreaks,
    liveness.TheWellGetWork,
    liveness.SilenceIsNoticed,
    vehicles.NobodyLeavesItsBase,
    pace.NobodyIsTooFast,
    room.RoomIsHeldAlone,
)


def all_checks(glance: Glance) -> Checks:
    return Checks([check(glance) for check in ALL], glance)

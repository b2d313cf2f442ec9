"""A small day for the tests of reports: two vehicles, three runs, one of which comes back."""

from __future__ import annotations

from dataclasses import replace

from fleet.report.data import (
    Activity,
    Asked,
    AssistShown,
    Effort,
    Fate,
    Fault,
    Ground,
    ParcelCount,
    ReportData,
    RunOutcome,
    Span,
    Spot,
    TripOutcome,
    VehicleDay,
    Way,
)

SIX_S = 1_772_427_600.0  # 2026-03-02T06:00 in Vaduz
HOUR_S = 3600.0
ROAD = ((47.139, 9.522), (47.145, 9.520), (47.150, 9.519))


def run_of(run_id: str, fate: Fate = Fate.DELIVERED, parcels: int = 100, **changes: object) -> RunOutcome:
    """A run for "adler", due at eight; delivered at half past seven unless told otherwise."""
    asked = Asked(
        run_id=run_id,
        station_id="vaduz",
        point_id="adler",
        parcels=parcels,
        ready_s=SIX_S + 0.5 * HOUR_S,
        due_s=SIX_S + 2 * HOUR_S,
    )
    outcome = RunOutcome(
        asked=asked,
        fate=fate,
        vehicle_id="van-1",
        delivered_s=SIX_S + 1.5 * HOUR_S if fate is Fate.DELIVERED else None,
        cause="point:adler: no_staff" if fate is Fate.RETURNED else "",
        parcels=ParcelCount(**{fate.value: parcels}) if fate is not Fate.CANCELLED else ParcelCount(),
    )
    return replace(outcome, **changes)  # type: ignore[arg-type]  # a field's name and value


def vehicle_of(vehicle_id: str) -> VehicleDay:
    out = Span(Activity.DRIVING, SIX_S + 600, SIX_S + 1200, "adler")
    stop = Span(Activity.AT_STOP, SIX_S + 1200, SIX_S + 1500, "adler")
    return VehicleDay(
        vehicle_id=vehicle_id,
        maker="Falknis",
        type_id="zto_5",
        station_id="vaduz",
        planned=(out, stop),
        actual=(
            Span(Activity.WAITING, SIX_S, SIX_S + 600),
            out,
            stop,
            Span(Activity.BLOCKED, SIX_S + 1500, SIX_S + 2000),
        ),
        ways=(Way("e1-2-3", ROAD),),
        charge=((SIX_S, 0.95), (SIX_S + 1800, 0.9)),
        trips=1,
        parcels=200,
        km=12.5,
        energy_kwh=2.0,
        stops_for_want_of_base=1,
    )


def day(**changes: object) -> ReportData:
    """The day, with whatever is to be different about it."""
    data = ReportData(
        title="A morning",
        site_name="Vaduz",
        time_zone="Europe/Vaduz",
        seed=7,
        map_name="vaduz.osm.pbf",
        map_edition="ab" * 32,
        from_s=SIX_S,
        to_s=SIX_S + 2.5 * HOUR_S,
        runs=(run_of("run-1"), run_of("run-2"), run_of("run-3", Fate.RETURNED)),
        unasked={},
        trips=(
            TripOutcome(
                trip_id="trip-1",
                vehicle_id="van-1",
                station_id="vaduz",
                points=("adler",),
                runs=3,
                parcels=300,
                planned_depart_s=SIX_S + 600,
                planned_return_s=SIX_S + 3600,
                departed_s=SIX_S + 660,
                closed_s=SIX_S + 4200,
            ),
        ),
        vehicles=(vehicle_of("van-1"), vehicle_of("van-2")),
        faults=(Fault(kind="clerk_away", subject="point:adler", at_s=SIX_S + 900, until_s=SIX_S + 4000),),
        assists=(
            AssistShown(
                cause="no_staff",
                subject="run:run-3",
                detail="point:adler: no_staff",
                raised_s=SIX_S + 1500,
                resolved_s=SIX_S + 4200,
                resolution="returned to the station",
            ),
        ),
        ground=Ground(
            roads={"primary": (ROAD,), "service": (((47.139, 9.522), (47.138, 9.525)),)},
            spots=(
                Spot(id="vaduz", name="Post Vaduz", at=(47.139, 9.522), is_station=True),
                Spot(id="adler", name="Gasthof Adler", at=(47.150, 9.519), is_station=False),
            ),
        ),
        orders_sent=12,
        orders_rejected=0,
        violations=(),
        mismatches=(),
        has_truth=True,
        effort=Effort(),
        events=345,
        journal_sha256="cd" * 32,
    )
    return replace(data, **changes)  # type: ignore[arg-type]  # a field's name and value

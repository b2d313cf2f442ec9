"""A site: its places and vehicles, and the numbers by which its fleet is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from fleet.model.ids import AreaId, PointId, StationId, VehicleId, VehicleTypeId
from fleet.model.place import PickupPoint, Station
from fleet.model.vehicle import Vehicle, VehicleType

EMBEDDED_BROKER = "embedded"


class Traffic(StrEnum):
    """The side of the road that is driven on."""

    RIGHT = "right"
    LEFT = "left"


class MqttVersion(StrEnum):
    """What is spoken with the broker."""

    V3_1_1 = "3.1.1"
    V5 = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to say it again, when to worry, and how far a vehicle may be let go.

    Trade seconds, except the two of machine time.

    Attributes:
        exposure_m: released road beyond the last confirmed node; only a stretch to the next safe stop may exceed it.
        exposure_s: the same as driving time.
        base_extension_s: driving time that one extension of a base covers, but the last one of a way and one without
            which its vehicle would have to brake.
        reaction_s: for a state to come, a decision to be made and a message to get there; a vehicle is given more road
            this long before it would have to brake, and once more as long.
        stale_s: without a state for this long, a vehicle is stale.
        lost_s: without a state for this long, it is lost.
        resend_s: waits before an unconfirmed order is sent again; the last one repeats.
        resend_attempts: an assist is raised after so many.
        turn_machine_s_min: machine time between two turns when idle.
        turn_machine_s_busy: machine time between two turns under load.
    """

    exposure_m: float = 500.0
    exposure_s: float = 60.0
    base_extension_s: float = 20.0
    reaction_s: float = 3.0
    stale_s: float = 35.0
    lost_s: float = 120.0
    resend_s: tuple[float, ...] = (2.0, 4.0, 8.0, 10.0)
    resend_attempts: int = 6
    turn_machine_s_min: float = 0.0
    turn_machine_s_busy: float = 0.1

    def resend_wait_s(self, attempt: int) -> float:
        """How long to wait for a confirmation after sending for the `attempt`-th time, counted from 1."""
        return self.resend_s[min(attempt, len(self.resend_s)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """How much time and effort a plan may take.

    Attributes:
        budget_s: machine time for the better answer that follows.
        margin_s: runs are planned to arrive this long before they are due, because people keep vehicles waiting.
        gain_fraction_min: a better plan that saves less of the cost than this is not worth the unrest.
    """

    budget_s: float = 5.0
    margin_s: float = 900.0
    gain_fraction_min: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What planners trade against each other; the unit is one second of lateness of an ordinary run.

    Attributes:
        late_s: one second of lateness, times the run's priority.
        drive_s: one second of driving.
        trip: one more departure.
        unassigned: a run left behind, times its priority; dearer than any lateness worth planning.
        moved_s: one second by which an announced arrival moves, earlier or later.
        announced_s: arrivals of trips that begin within this time count as announced.
        gain_min: a changed plan must be better by this much, so that plans stay quiet.
    """

    late_s: float = 1.0
    drive_s: float = 0.2
    trip: float = 60.0
    unassigned: float = 200_000.0
    moved_s: float = 0.05
    announced_s: float = 900.0
    gain_min: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What to do when the world does not play along.

    Attributes:
        no_staff_retries: further attempts at a stop whose staff did not show up, before its parcels go back.
        stopped_alarm_s: a person is called for an emergency stop or a protective field that lasts so long.
        blocked_wait_s: how long a blocked vehicle waits before another way is looked for.
        charge_below_fraction: an idle vehicle below this charge goes to a charger.
        charge_until_fraction: and leaves it at this charge, or earlier for a trip it can do.
        keep_ended_s: runs and trips leave the state this long after their end; tables and journal keep them.
        keep_messages_s: what vehicles were told is kept word for word for this long; its digest for good.
        consumption_factor: driving is expected to take so many times what the vehicle type says.
    """

    no_staff_retries: int = 1
    stopped_alarm_s: float = 30.0
    blocked_wait_s: float = 120.0
    charge_below_fraction: float = 0.4
    charge_until_fraction: float = 0.9
    keep_ended_s: float = 172_800.0
    keep_messages_s: float = 172_800.0
    consumption_factor: float = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The MQTT broker: one of our own, or one at `mqtt://host:port` or `mqtts://host:port`.

    Attributes:
        mqtt: our own broker speaks 3.1.1 only.
        embedded_port: where our own broker listens, on loopback only; 0 keeps the port of the last time, or finds one
            that is free.
        user: empty for none; the password is never part of a site.
        password_file: its first line is the password, unless the environment holds it.
        ca_file: certificates that vouch for the broker; None for those that the machine trusts.
    """

    url: str = EMBEDDED_BROKER
    mqtt: MqttVersion = MqttVersion.V3_1_1
    embedded_port: int = 0
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None

    @property
    def is_embedded(self) -> bool:
        return self.url == EMBEDDED_BROKER


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAddress:
    """Where the HTTP API listens."""

    host: str = "127.0.0.1"
    port: int = 8700


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that is configured of one area; mappings keep the order of the site file.

    Attributes:
        time_zone: IANA name; windows and hours of the site are local to it.
        map_path: OpenStreetMap extract of the area.
        map_id: the name under which vehicles know that map.
        data_dir: journal and broker store.
    """

    id: AreaId
    name: str
    time_zone: str
    map_path: Path
    map_id: str
    data_dir: Path
    stations: Mapping[StationId, Station]
    points: Mapping[PointId, PickupPoint]
    vehicle_types: Mapping[VehicleTypeId, VehicleType]
    vehicles: Mapping[VehicleId, Vehicle]
    language: str = "en"
    traffic: Traffic = Traffic.RIGHT
    interface_name: str = "uagv"
    broker: Broker = field(default_factory=Broker)
    api: ApiAddress = field(default_factory=ApiAddress)
    limits: Limits = field(default_factory=Limits)
    planning: Planning = field(default_factory=Planning)
    weights: Weights = field(default_factory=Weights)
    policy: Policy = field(default_factory=Policy)

    def type_of(self, vehicle_id: VehicleId) -> VehicleType:
        return self.vehicle_types[self.vehicles[vehicle_id].type_id]

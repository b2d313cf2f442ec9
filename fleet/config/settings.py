"""A whole site file. `sections` and `tables` say what it may hold.

The names carry the units in which people think of the quantity (kWh, km/h); `build` turns them into the units of
the model.
"""

from __future__ import annotations

from pydantic import Field

from fleet.config.sections import (
    ApiSection,
    BrokerSection,
    DataSection,
    LimitsSection,
    PlanningSection,
    PointDefaultsSection,
    PolicySection,
    SiteSection,
    WeightsSection,
)
from fleet.config.tables import PointTable, ProfileTable, StationTable, VehicleTable, VehicleTypeTable
from fleet.config.values import Section


class Settings(Section):
    """A whole site file."""

    site: SiteSection = Field(description="The area.")
    broker: BrokerSection = Field(BrokerSection(), description="The MQTT broker through which vehicles are spoken to.")
    api: ApiSection = Field(ApiSection(), description="The HTTP API.")
    data: DataSection = Field(DataSection(), description="Where the journal is kept.")
    limits: LimitsSection = Field(
        LimitsSection(), description="When to say it again, when to worry, how far a vehicle may be let go."
    )
    planning: PlanningSection = Field(PlanningSection(), description="How much effort a plan may take.")
    weights: WeightsSection = Field(WeightsSection(), description="What things cost in a plan, in seconds of lateness.")
    policy: PolicySection = Field(PolicySection(), description="What to do when the world does not play along.")
    point_defaults: PointDefaultsSection = Field(
        PointDefaultsSection(), description="Handling times of all pickup points that do not give their own."
    )
    station: tuple[StationTable, ...] = Field((), strict=False, description="A delivery station; at least one.")
    point: tuple[PointTable, ...] = Field((), strict=False, description="A pickup point; at least one.")
    vehicle_type: tuple[VehicleTypeTable, ...] = Field(
        (), strict=False, description="A type of vehicle that is not built in, or differs from the built-in one."
    )
    profile: tuple[ProfileTable, ...] = Field(
        (), strict=False, description="What vehicles of one make differ in on the wire; only what is given is changed."
    )
    vehicle: tuple[VehicleTable, ...] = Field((), strict=False, description="A vehicle; at least one.")

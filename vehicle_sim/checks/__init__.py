"""What must never happen, each promise in a class of its own, looked at while the simulation runs."""

from vehicle_sim.checks.base import Check, Checks, Glance
from vehicle_sim.checks.bench import all_checks

__all__ = ["Check", "Checks", "Glance", "all_checks"]

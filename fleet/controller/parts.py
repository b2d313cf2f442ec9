"""What an area is built from."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.clock import Clock
from fleet.controller.lease import TTL_S
from fleet.journal.commit import Store
from fleet.journal.writer import Writer
from fleet.planning.port import Budget, Solver
from fleet.roads.site_roads import SiteRoads
from fleet.wire.link import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything an area needs from outside, handed in.

    Attributes:
        token: makes ids unique for ever; used only when the area is new.
        owner: who we are, for the lease.
        by_force: the owner before us is known to be gone.
        lease_s: how long the area stays ours without a renewal.
    """

    clock: Clock
    link: Link
    store: Store
    writer: Writer
    solver: Solver | None
    budget: Budget
    roads: SiteRoads
    token: str
    owner: str
    by_force: bool
    lease_s: float = TTL_S

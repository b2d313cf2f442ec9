"""The people at pickup points: when they come to the door, and when they do not."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping

from fleet.model.ids import PointId
from fleet.model.place import PickupPoint
from vehicle_sim.chronicle import Chronicle, WorldEventKind
from vehicle_sim.timers import Timers

WAIT_SIGMA = 0.8
LATEST_FRACTION = 0.9
"""Staff who come at all come before the vehicle gives up; visits in vain are a fault with a rate of its own."""


class Staff:
    """Waits are lognormal around each point's median; every visit draws its own, whatever happens elsewhere.

    Attributes:
        no_show_share: share of visits at which nobody comes at all, before `no_show_until_s`.
    """

    def __init__(self, points: Mapping[PointId, PickupPoint], timers: Timers, chronicle: Chronicle, seed: int) -> None:
        self.no_show_share = 0.0
        self.no_show_until_s = math.inf
        self._points = points
        self._timers = timers
        self._chronicle = chronicle
        self._seed = seed
        self._visits: Counter[PointId] = Counter()
        self._away_until_s: dict[PointId, float] = {}

    def wait_s(self, point_id: PointId) -> float:
        """How long a vehicle that has just stopped here waits for staff; infinite where nobody comes."""
        self._visits[point_id] += 1
        now_s = self._timers.now_s()
        rng = random.Random(f"{self._seed}:{point_id}:{self._visits[point_id]}")
        point = self._points[point_id]
        median_s = point.staff_wait_s
        wait_s = math.exp(rng.gauss(math.log(median_s), WAIT_SIGMA)) if median_s > 0 else 0.0
        if rng.random() < self.no_show_share and now_s < self.no_show_until_s:
            return math.inf
        wait_s = min(wait_s, LATEST_FRACTION * point.no_show_s)
        return max(wait_s, self._away_until_s.get(point_id, now_s) - now_s)

    def go_away(self, point_id: PointId, until_s: float) -> None:
        """Nobody opens at this point until then."""
        self._away_until_s[point_id] = max(until_s, self._away_until_s.get(point_id, until_s))
        self._chronicle.record(WorldEventKind.CLERK_AWAY, place=point_id)

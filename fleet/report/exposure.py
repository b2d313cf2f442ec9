"""How far vehicles were let ahead of what they had confirmed, release by release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fleet.model.order import Order
from fleet.model.site import Limits
from fleet.orders.guard import may_stand
from fleet.roads.graph import RoadGraph

SAME = 1e-6


class Why(StrEnum):
    """Why an extension was given."""

    WORTH_IT = "worth_it"  # as many seconds of driving as the site asks for
    LAST = "last"  # the rest of the way
    KEEP_MOVING = "keep_moving"  # without it the vehicle would have come to stand
    ASKED = "asked"  # the vehicle wanted it


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Road that a vehicle was let into with one message.

    Attributes:
        length_m, duration_s: of all its base beyond the last node that it had confirmed.
        gain_s: what this message added, as driving time.
        left_s: driving time that was left before it, as far as we could know.
        end: the node at which the base ends since.
    """

    at_s: float
    vehicle_id: str
    order_id: str
    update_id: int
    length_m: float
    duration_s: float
    gain_s: float
    left_s: float
    end: str
    is_first: bool
    is_last: bool
    was_asked_for: bool
    is_unsafe: bool

    def exceeds(self, limits: Limits) -> bool:
        return self.length_m > limits.exposure_m + SAME or self.duration_s > limits.exposure_s + SAME

    def why(self, limits: Limits) -> Why:
        if self.gain_s >= limits.base_extension_s - SAME:
            return Why.WORTH_IT
        if self.is_last:
            return Why.LAST
        return Why.ASKED if self.was_asked_for else Why.KEEP_MOVING


def release_of(before: Order | None, after: Order, graph: RoadGraph | None, now_s: float) -> Release:
    """What a new order or an extension let its vehicle into."""
    ahead = after.path[after.passed : after.released]
    held = before.released if before is not None else 0
    gone_s = max(now_s - after.passed_s, 0.0) if after.passed_s else 0.0
    return Release(
        at_s=now_s,
        vehicle_id=after.vehicle_id,
        order_id=after.id,
        update_id=after.update_id,
        length_m=sum(piece.length_m for piece in ahead),
        duration_s=sum(piece.duration_s for piece in ahead),
        gain_s=sum(piece.duration_s for piece in after.path[held : after.released]),
        left_s=sum(piece.duration_s for piece in after.path[after.passed : held]) - gone_s,
        end=after.path[after.released - 1].end.node_id if after.released else after.start.node_id,
        is_first=before is None,
        is_last=after.is_fully_released,
        was_asked_for=before is not None and before.wants_base,
        is_unsafe=graph is not None and _is_unsafe(after, graph),
    )


def _is_unsafe(order: Order, graph: RoadGraph) -> bool:
    if not order.released or order.is_fully_released:
        return False
    last = order.path[order.released - 1]
    edge = graph.edge_by_key(last.road_key)
    return edge is None or not may_stand(graph, edge, last.to_m)


def exposure_json(releases: Sequence[Release], limits: Limits) -> dict[str, object]:
    """Figures of all releases; those beyond the limits one by one."""
    moving = [release for release in releases if release.length_m > 0.0]
    later = [release for release in moving if not release.is_first]
    short = Counter(release.why(limits).value for release in later)
    return {
        "limits": {"m": limits.exposure_m, "s": limits.exposure_s, "extension_s": limits.base_extension_s},
        "releases": len(moving),
        "extensions": {why.value: short[why.value] for why in Why},
        "m": _spread([release.length_m for release in moving]),
        "s": _spread([release.duration_s for release in moving]),
        "extension_s": _spread([release.gain_s for release in later]),
        "past_unsafe_end": sum(release.is_unsafe for release in releases),
        "beyond_limits": [
            {
                "at_s": round(release.at_s, 3),
                "vehicle": release.vehicle_id,
                "order": f"{release.order_id}.{release.update_id}",
                "length_m": round(release.length_m, 1),
                "duration_s": round(release.duration_s, 1),
                "ends_at": release.end,
            }
            for release in moving
            if release.exceeds(limits)
        ],
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    ordered = sorted(values)
    if not ordered:
        return {"min": None, "p50": None, "p90": None, "p99": None, "max": None}
    shares = (("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    return {name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1) for name, share in shares}

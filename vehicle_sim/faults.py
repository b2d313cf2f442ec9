"""What goes wrong, and when: drawn from rates by a seed, or written down one by one.

A plan is drawn before the simulation begins and is a plain value, so that it can be printed and shrunk. Its network
part disturbs single deliveries; its events befall vehicles, roads, clerks, the broker and the controller. After
`until_s` all faults are off: that is when every promise has to be kept in the end.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType

from fleet.errors import ConfigError


class FaultKind(StrEnum):
    SILENCE = "silence"  # F1: a vehicle loses its network
    BROKER_DOWN = "broker_down"  # F9
    CRASH = "crash"  # F20: the controller dies at a store write
    ROAD_BLOCKED = "road_blocked"  # F31
    CLERK_AWAY = "clerk_away"  # F36
    REBOOT = "reboot"  # F30
    MANUAL = "manual"  # F35: somebody takes the wheel for a while
    TOWED = "towed"  # F35: and leaves it elsewhere
    STOPPED = "stopped"  # F35: emergency stop or protective field
    ORDERS_REFUSED = "orders_refused"  # F32
    CHARGER_DEAD = "charger_dead"  # F34
    BATTERY_SAG = "battery_sag"  # F34
    CLOCK_WRONG = "clock_wrong"  # F28, F5
    OPERATOR = "operator"  # F37, F40, F41: people ask for something at the worst moment
    ROADWORKS = "roadworks"  # F41: people slow a road, or close a street in both directions


VARIANTS: Mapping[FaultKind, tuple[str, ...]] = MappingProxyType(
    {
        FaultKind.REBOOT: ("keeps", "forgets", "lost", "mid_handover"),
        FaultKind.MANUAL: ("clears", "keeps"),
        FaultKind.TOWED: ("stale_node", "no_node", "home"),
        FaultKind.STOPPED: ("autoack", "manual", "field"),
        FaultKind.ORDERS_REFUSED: ("orders", "updates"),
        FaultKind.CHARGER_DEAD: ("fails", "mute"),
        FaultKind.BATTERY_SAG: ("third",),
        FaultKind.CLOCK_WRONG: ("ahead", "behind", "years"),
        FaultKind.OPERATOR: (
            "hold", "recall", "cancel_waiting", "cancel_loading", "cancel_under_way", "cancel_handover",
            "close_ahead", "close_base", "close_under", "resubmit",
        ),
        FaultKind.ROADWORKS: ("slow_ahead", "slow_base", "slow_one_way", "close_street"),
    }
)  # fmt: skip
"""In how many ways a fault of a kind comes; the first where none is named. `vehicle_sim.ailments` and
`vehicle_sim.meddling` say what each is."""
NEEDS_PEOPLE = frozenset(VARIANTS)
"""Faults after which a fleet goes on only where people do their part."""


class CrashMoment(StrEnum):
    """Where in a turn the controller dies."""

    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"
    AFTER_SEND = "after_send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often things go wrong.

    Attributes:
        drop, duplicate, late, reorder: share of deliveries.
        state_drop: share of states that are lost, on top of that.
        duplicate_s_max: a second copy comes at most this much later.
        late_s_mean: of a late delivery, exponential.
        reorder_s_max: window in which messages overtake one another.
        silence: per vehicle and hour; lasts `silence_s`.
        blocked: per vehicle and hour, on the edge it is about to enter; lasts `blocked_s_median`, lognormal.
        clerk_away: per point and hour; lasts `clerk_away_s`.
        no_show: share of visits at which no staff come.
        broker_down: per hour; lasts `broker_down_s`.
        crash: controller crashes per hour.
        reboot, manual, towed, stopped, refused, charger_dead, sag, clock, operator, roadworks: per vehicle and hour;
            each comes in one of its `VARIANTS`.
    """

    drop: float = 0.0
    state_drop: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    reorder: float = 0.0
    silence: float = 0.0
    blocked: float = 0.0
    clerk_away: float = 0.0
    no_show: float = 0.0
    broker_down: float = 0.0
    crash: float = 0.0
    duplicate_s_max: float = 600.0
    late_s_mean: float = 10.0
    reorder_s_max: float = 30.0
    silence_s: tuple[float, float] = (10.0, 600.0)
    blocked_s_median: float = 240.0
    blocked_sigma: float = 0.8
    clerk_away_s: tuple[float, float] = (300.0, 1200.0)
    broker_down_s: tuple[float, float] = (5.0, 120.0)
    reboot: float = 0.0
    manual: float = 0.0
    towed: float = 0.0
    stopped: float = 0.0
    refused: float = 0.0
    charger_dead: float = 0.0
    sag: float = 0.0
    clock: float = 0.0
    operator: float = 0.0
    roadworks: float = 0.0


NO_FAULTS = "none"
"""The profile in which nothing goes wrong, not even what the scenario has written down."""
FREQUENCIES = ("drop", "duplicate", "late", "reorder", "silence", "blocked", "clerk_away", "no_show", "broker_down",
               "crash")  # fmt: skip
TROUBLES = ("reboot", "manual", "towed", "stopped", "refused", "charger_dead", "sag", "clock", "operator",
            "roadworks")  # fmt: skip
_TROUBLE_KINDS = (
    (FaultKind.REBOOT, "reboot", (5.0, 90.0)),
    (FaultKind.MANUAL, "manual", (10.0, 400.0)),
    (FaultKind.TOWED, "towed", (60.0, 400.0)),
    (FaultKind.STOPPED, "stopped", (2.0, 300.0)),
    (FaultKind.ORDERS_REFUSED, "refused", (20.0, 240.0)),
    (FaultKind.CHARGER_DEAD, "charger_dead", (300.0, 1800.0)),
    (FaultKind.BATTERY_SAG, "sag", (0.0, 0.0)),
    (FaultKind.CLOCK_WRONG, "clock", (60.0, 900.0)),
    (FaultKind.OPERATOR, "operator", (20.0, 600.0)),
)
"""What befalls vehicles and what people ask for: the kind, its rate, and how long it lasts."""
_ROADWORK_KINDS = ((FaultKind.ROADWORKS, "roadworks", (60.0, 900.0)),)
BRIEF_SHARE, BRIEF_S = 0.25, 1.0
"""So many of the roads that people close are open again after a second."""
_CITY = Rates(
    drop=0.01, duplicate=0.01, late=0.001, reorder=0.005, silence=0.2, blocked=0.3, clerk_away=0.02, no_show=0.04
)
_STORM = Rates(
    drop=0.05, duplicate=0.05, late=0.02, reorder=0.03, silence=1.0, blocked=1.0, clerk_away=0.1, no_show=0.04,
    broker_down=0.5, crash=2.0,
)  # fmt: skip
_TROUBLE = replace(
    _STORM, reboot=0.6, manual=0.4, towed=0.3, stopped=0.5, refused=0.3, charger_dead=0.2, sag=0.2, clock=0.3,
    operator=1.5,
)  # fmt: skip
_ROADWORKS = replace(_TROUBLE, roadworks=3.0)
_ROUGH = Rates(state_drop=0.3, duplicate=0.05, reorder=0.05)
_ALONE = {
    "silence": Rates(silence=6.0),
    "drop": Rates(drop=0.2),
    "duplicate": Rates(duplicate=0.2),
    "reorder": Rates(reorder=0.2),
    "late": Rates(late=0.2),
    "broker_down": Rates(broker_down=4.0),
    "crash": Rates(crash=60.0),
    "blocked": Rates(blocked=6.0),
    "clerk_away": Rates(clerk_away=1.0, no_show=0.3),
    "reboot": Rates(reboot=6.0),
    "manual": Rates(manual=6.0),
    "towed": Rates(towed=4.0),
    "stopped": Rates(stopped=6.0),
    "refused": Rates(refused=6.0),
    "charger_dead": Rates(charger_dead=4.0),
    "sag": Rates(sag=3.0),
    "clock": Rates(clock=6.0),
    "operator": Rates(operator=10.0),
    "roadworks": Rates(roadworks=12.0),
}
_BY_ID = {
    "F1": "silence", "F2": "drop", "F3": "duplicate", "F4": "reorder", "F5": "late", "F9": "broker_down",
    "F20": "crash", "F31": "blocked", "F36": "clerk_away", "F28": "clock", "F30": "reboot", "F32": "refused",
    "F34": "sag", "F35": "manual", "F41": "operator",
}  # fmt: skip


def rates_of(profile: str) -> Rates:
    """The rates of `none`, `calm`, `city`, `rough`, `storm`, `trouble`, `crash-storm`, `roadworks` or `one-fault:NAME`.

    `roadworks` is `trouble` in which people slow and close streets as well.

    Raises:
        ConfigError: there is no such profile.
    """
    known = {NO_FAULTS: Rates(), "calm": Rates(), "city": _CITY, "rough": _ROUGH, "storm": _STORM, "trouble": _TROUBLE}
    known |= {"crash-storm": Rates(crash=30.0), "roadworks": _ROADWORKS}
    known |= {f"one-fault:{name}": rates for name, rates in _ALONE.items()}
    known |= {f"one-fault:{fault_id}": _ALONE[name] for fault_id, name in _BY_ID.items()}
    if profile not in known:
        raise ConfigError([f"profile: found {profile!r}, needs one of {', '.join(sorted(known))}"])
    return known[profile]


def swarm(rates: Rates, rng: random.Random) -> Rates:
    """A mix of one's own: half of the faults off, the others weaker or stronger."""
    drawn = {
        name: 0.0 if rng.random() < 0.5 else min(getattr(rates, name) * rng.expovariate(1.0), _most(name))
        for name in (*FREQUENCIES, *TROUBLES)
    }
    return replace(rates, **drawn)  # type: ignore[arg-type]  # all of these are plain numbers


def _most(name: str) -> float:
    return 0.3 if name in ("drop", "duplicate", "late", "reorder", "no_show") else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultEvent:
    """Something that happens once, in trade time.

    Attributes:
        target: a vehicle (silence; road_blocked: the edge it is about to enter), an edge key or a point; empty for
            broker and controller.
        moment: of a crash.
        variant: one of the kind's `VARIANTS`, or empty where there are none.
    """

    kind: FaultKind
    at_s: float
    for_s: float = 0.0
    target: str = ""
    moment: CrashMoment = CrashMoment.AFTER_COMMIT
    variant: str = ""

    @property
    def name(self) -> str:
        """Kind and variant, for counting."""
        return f"{self.kind}:{self.variant}" if self.variant else str(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """All that will go wrong in one simulation."""

    rates: Rates
    events: tuple[FaultEvent, ...]
    from_s: float
    until_s: float

    def shifted(self, by_s: float) -> FaultPlan:
        """The same plan, begun later."""
        return replace(
            self,
            events=tuple(replace(event, at_s=event.at_s + by_s) for event in self.events),
            from_s=self.from_s + by_s,
            until_s=self.until_s + by_s,
        )

    @property
    def needs_people(self) -> bool:
        """Something in it ends only where people see to it."""
        return any(event.kind in NEEDS_PEOPLE for event in self.events)

    def describe(self) -> dict[str, object]:
        """What was drawn, for people who repeat or shrink a run."""
        names = {*FREQUENCIES, *TROUBLES, "state_drop"}
        rates = {each.name: getattr(self.rates, each.name) for each in fields(Rates) if each.name in names}
        return {"rates": {name: rate for name, rate in rates.items() if rate}, "events": len(self.events)}


def draw_plan(
    rates: Rates,
    seed: int,
    vehicles: Sequence[str],
    points: Sequence[str],
    from_s: float,
    until_s: float,
    scripted: Sequence[FaultEvent] = (),
) -> FaultPlan:
    """Poisson times for all that has a rate, and what was written down."""
    rng = random.Random(f"faults:{seed}")
    span = (from_s, until_s)
    events = list(scripted)
    for vehicle in vehicles:
        events += _drawn(FaultKind.SILENCE, rates.silence, vehicle, span, rng, lambda: rng.uniform(*rates.silence_s))
        events += _drawn(
            FaultKind.ROAD_BLOCKED, rates.blocked, vehicle, span, rng,
            lambda: rng.lognormvariate(math.log(rates.blocked_s_median), rates.blocked_sigma),
        )  # fmt: skip
    for point in points:
        events += _drawn(
            FaultKind.CLERK_AWAY, rates.clerk_away, point, span, rng, lambda: rng.uniform(*rates.clerk_away_s)
        )
    events += _drawn(FaultKind.BROKER_DOWN, rates.broker_down, "", span, rng, lambda: rng.uniform(*rates.broker_down_s))
    moments = tuple(CrashMoment)
    for crash in _drawn(FaultKind.CRASH, rates.crash, "", span, rng, lambda: 0.0):
        events.append(replace(crash, moment=rng.choice(moments)))
    events += _drawn_troubles(rates, f"troubles:{seed}", vehicles, span, _TROUBLE_KINDS)
    events += _drawn_troubles(rates, f"roadworks:{seed}", vehicles, span, _ROADWORK_KINDS)
    events.sort(key=lambda event: (event.at_s, event.kind, event.target))
    return FaultPlan(rates=rates, events=tuple(events), from_s=from_s, until_s=until_s)


def _drawn_troubles(
    rates: Rates,
    source: str,
    vehicles: Sequence[str],
    span: tuple[float, float],
    kinds: Sequence[tuple[FaultKind, str, tuple[float, float]]],
) -> Iterator[FaultEvent]:
    """From a source of their own, so that the other faults of a seed are the same with and without them."""
    rng = random.Random(source)
    for vehicle in vehicles:
        for kind, name, lasts_s in kinds:
            for event in _drawn(kind, getattr(rates, name), vehicle, span, rng, lambda: rng.uniform(*lasts_s)):  # noqa: B023
                event = replace(event, variant=rng.choice(VARIANTS[kind]))
                if event.variant.startswith("close_") and rng.random() < BRIEF_SHARE:
                    event = replace(event, for_s=min(BRIEF_S, event.for_s))
                yield event


def _drawn(
    kind: FaultKind,
    per_hour: float,
    target: str,
    span: tuple[float, float],
    rng: random.Random,
    lasts: Callable[[], float],
) -> Iterator[FaultEvent]:
    """Faults of one kind; none begins after the span, none lasts beyond it."""
    at_s, until_s = span
    while per_hour > 0.0:
        at_s += rng.expovariate(per_hour / 3600.0)
        if at_s >= until_s:
            return
        yield FaultEvent(kind=kind, at_s=at_s, for_s=min(lasts(), until_s - at_s), target=target)


@dataclass(slots=True)
class NetworkFaults:
    """Disturbs deliveries; the `Faults` hook of the in-memory broker.

    Args:
        now_s: trade time.
    """

    rates: Rates
    from_s: float
    until_s: float
    now_s: Callable[[], float]
    hits: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("drop", "state_drop", "duplicate", "late", "reorder"), 0)
    )

    def plan(self, topic: str, payload: bytes, rng: random.Random) -> Sequence[float]:
        """Extra seconds for each copy of a delivery that arrives."""
        now_s, rates = self.now_s(), self.rates
        if not self.from_s <= now_s < self.until_s:
            return (0.0,)
        if self._hit("drop", rates.drop, rng) or (
            topic.endswith("/state") and self._hit("state_drop", rates.state_drop, rng)
        ):
            return ()
        copies = [0.0]
        if self._hit("late", rates.late, rng):
            copies = [rng.expovariate(1.0 / rates.late_s_mean)]
        elif self._hit("reorder", rates.reorder, rng):
            copies = [rng.uniform(0.0, rates.reorder_s_max)]
        if self._hit("duplicate", rates.duplicate, rng):
            copies.append(copies[0] + rng.uniform(0.0, rates.duplicate_s_max))
        return [min(extra_s, max(self.until_s - now_s, 0.0)) for extra_s in copies]

    def _hit(self, name: str, rate: float, rng: random.Random) -> bool:
        if rate <= 0.0 or rng.random() >= rate:
            return False
        self.hits[name] += 1
        return True

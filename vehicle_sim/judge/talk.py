"""What is judged from everything that was heard, whatever the checks before were about."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

import msgspec

from fleet.wire import rules
from fleet.wire.messages import TERMINAL_STATUSES, ActionStatus, Connection, ConnectionState, VehicleState
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import SLACK_S, STATE_INTERVAL_S, Bench
from vehicle_sim.judge.check import Check
from vehicle_sim.judge.transcript import Entry
from vehicle_sim.judge.verdict import not_offered, not_tried, wrong

HEADER_IDS = 2**32
CLOCK_S_MAX = 5.0
SHOWN_MAX = 3
"""Messages that are shown for one fault; more of the same teach nothing."""
KEPT = ("connection", "factsheet")


def spoken(bench: Bench, name: str) -> list[Entry]:
    """What was said on a topic in our presence, copies left out."""
    entries = [entry for entry in bench.transcript.of(name) if not entry.retained]
    return [entry for i, entry in enumerate(entries) if not i or entry.payload != entries[i - 1].payload]


def names(bench: Bench) -> list[str]:
    return sorted({entry.name for entry in bench.transcript.entries if not entry.is_ours})


async def keeps_what_must_be_kept(bench: Bench) -> None:
    kept = {entry.name for entry in bench.transcript.entries if entry.retained}
    extra = sorted(kept - set(KEPT))
    if extra:
        raise wrong(
            f"has the broker keep {', '.join(extra)}",
            *_first(e for e in bench.transcript.entries if e.retained and e.name in extra),
        )
    missing = [name for name in KEPT if name not in kept and (name == "connection" or bench.factsheet)]
    if missing:
        raise wrong(
            f"does not have the broker keep {', '.join(missing)}",
            *_first(e for e in bench.transcript.entries if e.name in missing),
        )


async def speaks_one_version(bench: Bench) -> None:
    entries = [entry for entry in bench.transcript.entries if not entry.is_ours and entry.message]
    versions = sorted(
        {entry.message.header.version for entry in entries if entry.message and entry.message.header.version}
    )
    if len(versions) > 1:
        raise wrong(
            f"speaks versions {', '.join(versions)}",
            *(next(e for e in entries if e.message and e.message.header.version == v) for v in versions),
        )
    majors = sorted({entry.topic.split("/")[1] for entry in entries})
    if versions and majors != [f"v{versions[0].partition('.')[0]}"]:
        raise wrong(f"speaks version {versions[0]} on topics with {', '.join(majors)}", *entries[:1])


async def writes_json(bench: Bench) -> None:
    bad = [entry for entry in bench.transcript.entries if not entry.is_ours and _is_no_json(entry)]
    if bad:
        raise wrong(f"{len(bad)} messages are no JSON in UTF-8, or hold a number that is none", *_first(bad))


def _is_no_json(entry: Entry) -> bool:
    try:
        msgspec.json.decode(entry.payload)
    except (ValueError, RecursionError):
        return True
    return False


async def says_who_it_is(bench: Bench) -> None:
    strangers = [
        entry
        for entry in bench.transcript.entries
        if not entry.is_ours
        and entry.raw
        and (
            entry.raw.get("manufacturer") != bench.terms.manufacturer
            or entry.raw.get("serialNumber") != bench.terms.serial_number
        )
    ]
    if strangers:
        raise wrong(f"{len(strangers)} messages name another vehicle than their topic, or none", *_first(strangers))


async def counts_its_messages(bench: Bench) -> None:
    await expect.fresh_state(bench)  # so that there are two at least
    await expect.fresh_state(bench)
    for name in names(bench):
        for before, after in pairwise(spoken(bench, name)):
            if name == "connection" or bench.transcript.was_broken(before.at_s, after.at_s):
                continue  # a will carries the number of its connect
            first, second = before.raw.get("headerId"), after.raw.get("headerId")
            if not isinstance(first, int) or not isinstance(second, int):
                raise wrong(f"a {name} has no headerId", before, after)
            if second != (first + 1) % HEADER_IDS and not _has_restarted(bench, before, after):
                text = f"a {name} numbered {second} follows one numbered {first}"
                raise wrong(f"{text}, unless those between were lost", before, after)


def _has_restarted(bench: Bench, before: Entry, after: Entry) -> bool:
    return any(
        before.at_s <= entry.at_s <= after.at_s
        and isinstance(entry.message, Connection)
        and entry.message.state is ConnectionState.ONLINE
        for entry in bench.transcript.of("connection")
    )


async def writes_the_time(bench: Bench) -> None:
    bad = [
        (entry, violation)
        for entry in bench.transcript.entries
        if not entry.is_ours
        for violation in _violations(entry)
        if violation.startswith("timestamp")
    ]
    if bad:
        raise wrong(bad[0][1], *_first(entry for entry, _ in bad))
    for name in names(bench):
        if name == "connection":
            continue
        for before, after in pairwise(spoken(bench, name)):
            if before.message and after.message and after.message.header.sent_s < before.message.header.sent_s:
                raise wrong(f"a {name} is older than the one before it", before, after)


async def has_the_right_time(bench: Bench) -> None:
    late = [
        (entry.message.header.sent_s - entry.at_s, entry)
        for entry in spoken(bench, "state")
        if entry.message is not None
    ]
    if not late:
        raise not_tried("no state was heard")
    least, entry = min(late, key=lambda pair: abs(pair[0]))
    if abs(least) > CLOCK_S_MAX:
        raise wrong(f"its clock is {abs(least):.1f} s {'ahead' if least > 0 else 'behind'}", entry)


async def is_online(bench: Bench) -> None:
    said = [entry for entry in bench.transcript.of("connection") if isinstance(entry.message, Connection)]
    cut_s = min(bench.transcript.cuts_s, default=math.inf)
    if not said or said[0].at_s > cut_s:
        raise wrong("says nothing on connection, and the broker keeps nothing of it", *_first(spoken(bench, "state")))
    message = said[0].message
    assert isinstance(message, Connection)
    if message.state is not ConnectionState.ONLINE:
        raise wrong(f"speaks while its connection says {message.state}", said[0])


async def stays_there(bench: Bench) -> None:
    said = [entry for entry in bench.transcript.of("connection") if isinstance(entry.message, Connection)]
    for before, after in pairwise(said):
        assert isinstance(after.message, Connection)
        is_asked = bench.transcript.was_broken(-math.inf, after.at_s) or _was_told(bench, "startHibernation", after)
        if not after.retained and not is_asked:
            raise wrong(f"its connection says {after.message.state} in the middle of everything", before, after)


def _was_told(bench: Bench, action_type: str, before: Entry) -> bool:
    told = (
        entry.raw.get("actions") for entry in bench.transcript.entries if entry.is_ours and entry.at_s <= before.at_s
    )
    return any(action.get("actionType") == action_type for actions in told if actions for action in actions)


async def tells_its_state_in_time(bench: Bench) -> None:
    limit_s = STATE_INTERVAL_S + SLACK_S
    quiet = len(bench.transcript)
    await bench.until(lambda: bool(bench.states(quiet)), limit_s + 1.0)
    states = spoken(bench, "state")
    ends_s = [entry.at_s for entry in states] + [bench.now_s()]
    for at_s, next_s in pairwise(ends_s):
        if next_s - at_s > limit_s and not _was_away(bench, at_s, next_s):
            raise wrong(
                f"no state for {next_s - at_s:.0f} s; the longest there may be is {STATE_INTERVAL_S:.0f} s",
                *[e for e in states if e.at_s == at_s],
            )


def _was_away(bench: Bench, from_s: float, to_s: float) -> bool:
    """Our line or the vehicle's was down for a while, or it slept: another check judges that."""
    away = (
        entry.at_s
        for entry in bench.transcript.of("connection")
        if isinstance(entry.message, Connection) and entry.message.state is not ConnectionState.ONLINE
    )
    return bench.transcript.was_broken(from_s, to_s) or any(from_s <= at_s <= to_s for at_s in away)


async def keeps_to_the_fields(bench: Bench, name: str) -> None:
    entries = list(bench.transcript.of(name))
    if not entries:
        raise (
            not_offered(f"it said nothing on {name}")
            if name == "visualization"
            else not_tried(f"it said nothing on {name}")
        )
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for text in () if _is_no_json(entry) else _violations(entry):
            if not text.startswith("timestamp"):
                found.setdefault(text, []).append(entry)
    if found:
        texts = [f"{text} ({len(of)} of {len(entries)} messages)" for text, of in found.items()]
        more = f"; and {len(texts) - SHOWN_MAX} more" if len(texts) > SHOWN_MAX else ""
        raise wrong("; ".join(texts[:SHOWN_MAX]) + more, *_first(of[0] for of in found.values()))


def _violations(entry: Entry) -> list[str]:
    """What its fields break, by the rules of its version; `[3]` in a path stands as `[]`, to count alike ones once."""
    version = str(entry.raw.get("version", ""))
    try:
        found = rules.violations(version, entry.name, entry.payload)
    except (KeyError, ValueError):  # there are no rules for that
        return [entry.fault] if entry.fault else []
    return list(dict.fromkeys(f"{_path(violation.path)} {violation.reason}".strip() for violation in found))


def _path(path: str) -> str:
    return "".join("[]" if part.isdigit() else part for part in path.replace("[", "\0").replace("]", "\0").split("\0"))


AFTER: Mapping[ActionStatus, frozenset[ActionStatus]] = MappingProxyType(
    {
        ActionStatus.WAITING: frozenset(ActionStatus),
        ActionStatus.INITIALIZING: frozenset(ActionStatus) - {ActionStatus.WAITING},
        ActionStatus.RUNNING: frozenset(ActionStatus) - {ActionStatus.WAITING, ActionStatus.INITIALIZING},
        ActionStatus.PAUSED: frozenset(ActionStatus) - {ActionStatus.WAITING, ActionStatus.INITIALIZING},
        ActionStatus.RETRIABLE: frozenset(ActionStatus),
        ActionStatus.FINISHED: frozenset({ActionStatus.FINISHED}),
        ActionStatus.FAILED: frozenset({ActionStatus.FAILED}),
    }
)
"""Which statuses may follow which; any step may be skipped, and an end is an end (9.1)."""


async def lets_actions_live(bench: Bench) -> None:
    last: dict[str, tuple[ActionStatus, Entry]] = {}
    for entry in spoken(bench, "state"):
        state = entry.message
        if not isinstance(state, VehicleState):
            continue
        for action in (*state.action_states, *state.instant_action_states):
            before = last.get(action.action_id)
            if before is not None and action.status not in AFTER[before[0]]:
                raise wrong(f"action {action.action_id} is {action.status} after it was {before[0]}", before[1], entry)
            last[action.action_id] = action.status, entry
    if not any(status in TERMINAL_STATUSES for status, _ in last.values()):
        raise not_tried("no action came to an end")


def _first(entries: Iterator[Entry] | list[Entry]) -> list[Entry]:
    return list(entries)[:SHOWN_MAX]


def _fields(number: str, name: str) -> Check:
    return Check(
        number,
        f"fields-{name}",
        f"writes every field of {name} as its version asks",
        functools.partial(keeps_to_the_fields, name=name),
    )


TALK = (
    Check("3.6", "state-interval", "sends a state at least every 30 s", tells_its_state_in_time),
    Check("3.8", "steady", "stays online and does not restart while it is judged", stays_there),
    Check("3.1", "online", "says ONLINE on connection before it says anything else", is_online),
    Check(
        "1.3", "kept", "has the broker keep its connection and its factsheet, and nothing else", keeps_what_must_be_kept
    ),
    Check("1.8", "json", "writes JSON in UTF-8, and every number in it is one", writes_json),
    Check("0.2", "version", "speaks one version, on topics that carry its major", speaks_one_version),
    Check("2.4", "identity", "names itself in every message as its topic does", says_who_it_is),
    Check("2.1", "header-ids", "numbers its messages one by one on each topic", counts_its_messages),
    Check("2.3", "timestamps", "writes UTC with a Z, and time does not run backwards", writes_the_time),
    Check("2.7", "clock", "has a clock that is right to a few seconds", has_the_right_time),
    Check("9.1", "action-life", "moves each action forward only, and an end is an end", lets_actions_live),
    _fields("K1", "state"),
    _fields("K2", "connection"),
    _fields("K3", "factsheet"),
    _fields("K4", "visualization"),
)

"""What a vehicle tells of how it wants to be spoken to; what it does not tell stays as it was configured.

A vehicle's version is the text that its own messages bear: there is no negotiation in the standard. Configuration comes
first, then a retained factsheet, then a retained connection message, then its states; once a state was heard, states
alone count (section 0.3 of our protocol checklist).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from fleet.model.change import replace
from fleet.model.profile import ActionOffer, Learned, WireLimits, major_of
from fleet.model.twin import Twin
from fleet.wire.codec import is_spoken
from fleet.wire.messages import Factsheet, OfferedAction, ProtocolLimits

VERSION_CHARS_MAX = 20
WORD_CHARS_MAX = 80
WORDS_MAX = 64
"""What is learned is journalled: a vehicle that offers without end, or in essays, is heard to its 64th word."""
MAJOR_MAX = 99


@dataclass(frozen=True, slots=True)
class Voice:
    """How a message was said, whatever it said.

    Attributes:
        topic: the last level of the topic.
        topic_major: its version level.
        version: that the message itself bears; empty where it bears none.
        is_spoken: somebody here speaks that version.
    """

    topic: str
    topic_major: int
    version: str
    is_spoken: bool = True


def after_voice(twin: Twin, voice: Voice) -> Learned:
    """What is known of the vehicle after a message was said like this."""
    known = twin.learned
    has_said_a_state = bool(twin.mode)
    if voice.topic != "state" and has_said_a_state:
        return known
    if not voice.is_spoken:
        return replace(known, unspoken=voice.version[:VERSION_CHARS_MAX])
    learned = replace(after_version(twin, voice.version), unspoken="")
    known_major = learned.topic_major or major_of(learned.version or twin.vehicle.vda5050_version)
    if 0 < voice.topic_major <= MAJOR_MAX and voice.topic_major != known_major:
        learned = replace(learned, topic_major=voice.topic_major)
    return learned


def after_version(twin: Twin, version: str) -> Learned:
    """What is known after a message that bears this version.

    Versions of two majors are never mixed: whoever has an order is spoken to in the words the order was given in.
    """
    known = twin.learned
    spoken = known.version or twin.vehicle.vda5050_version
    if version == spoken or not _is_version(version):
        return known
    if major_of(version) != major_of(spoken) and twin.order_id is not None:
        return known
    return replace(known, version=version)


def after_factsheet(known: Learned, sheet: Factsheet) -> Learned:
    """What is known after this factsheet; one that says little is none that says nothing."""
    interval_s = sheet.limits.state_interval_s_default
    return replace(
        known,
        has_factsheet=True,
        supported=_words(p.name for p in sheet.optional_parameters if not p.is_required),
        required=_words(p.name for p in sheet.optional_parameters if p.is_required),
        actions=tuple(sorted(map(_offer, _first(sheet.actions)), key=lambda offer: offer.kind)),
        zones=_words(sheet.zone_types),
        limits=_limits(sheet.limits),
        state_interval_s=interval_s if interval_s is not None and interval_s > 0.0 else None,
        length_m=_above_0(sheet.length_m),
        width_m=_above_0(sheet.width_m),
        speed_mps_max=_above_0(sheet.speed_mps_max),
        accel_mps2_max=min(filter(None, map(_above_0, (sheet.accel_mps2_max, sheet.decel_mps2_max))), default=None),
        decel_mps2_max=_above_0(sheet.decel_mps2_max),
    )


def _is_version(text: str) -> bool:
    return 0 < len(text) <= VERSION_CHARS_MAX and major_of(text) > 0 and is_spoken(text)


def _first(offers: Iterable[OfferedAction]) -> list[OfferedAction]:
    by_kind = {offer.action_type: offer for offer in offers if 0 < len(offer.action_type) <= WORD_CHARS_MAX}
    return [by_kind[kind] for kind in sorted(by_kind)[:WORDS_MAX]]


def _offer(offer: OfferedAction) -> ActionOffer:
    return ActionOffer(
        kind=offer.action_type,
        scopes=_words(offer.scopes),
        blocking=_words(offer.blocking_types),
        required=_words(offer.required_keys),
        types=_types(dict(offer.parameter_types)),
    )


def _types(told: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, told[key]) for key in _words(told) if len(told[key]) <= WORD_CHARS_MAX)


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word for word in words if 0 < len(word) <= WORD_CHARS_MAX})[:WORDS_MAX])


def _limits(told: ProtocolLimits) -> WireLimits:
    return WireLimits(**{each.name: max(getattr(told, each.name), 0) for each in fields(WireLimits)})


def _above_0(figure: float | None) -> float | None:
    return figure if figure is not None and figure > 0.0 else None

"""A vehicle tells how it wants to be spoken to; what it does not tell stays as it was configured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.model.ids import OrderId
from fleet.model.order import ActionKind
from fleet.model.profile import ActionOffer, Habits, Learned, WireLimits, contradictions
from fleet.model.twin import Twin
from fleet.telemetry.learn import WORDS_MAX, Voice, after_factsheet, after_version, after_voice
from fleet.telemetry.profiles import profile
from fleet.wire.messages import Factsheet, OfferedAction, OptionalParameter, ProtocolLimits
from tests.nouns import a_header, a_vehicle

NEW = Twin(vehicle=a_vehicle())
SEEN = replace(NEW, mode="AUTOMATIC")
"""One that has said a state."""


def a_factsheet(**changes: object) -> Factsheet:
    """One that says nothing, unless said otherwise."""
    plain: dict[str, object] = {
        "header": a_header(),
        "series_name": "",
        "load_kg_max": None,
        "speed_mps_max": None,
        "accel_mps2_max": None,
        "decel_mps2_max": None,
        "length_m": None,
        "width_m": None,
        "limits": ProtocolLimits(),
    }
    return Factsheet(**(plain | changes))  # type: ignore[arg-type]  # by field name, as the caller spells them


def told(twin: Twin, *voices: Voice) -> Twin:
    for voice in voices:
        twin = replace(twin, learned=after_voice(twin, voice))
    return twin


# Versions -------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("0.3")
def test_where_nobody_speaks_its_version_any_more_a_vehicle_is_spoken_to_as_configured() -> None:
    """Its plug-in is gone since."""
    twin = Twin(vehicle=a_vehicle(), learned=Learned(version="7.1.0"))
    assert profile(twin).version == "2.1.0"


@pytest.mark.vda5050("0.3")
def test_before_a_vehicle_has_said_anything_it_is_spoken_to_as_configured() -> None:
    assert (profile(NEW).version, profile(NEW).topic_major) == ("2.1.0", 2)


@pytest.mark.vda5050("0.3")
@pytest.mark.parametrize("topic", ["factsheet", "connection", "state"])
def test_the_first_message_of_any_kind_tells_the_version(topic: str) -> None:
    assert profile(told(NEW, Voice(topic, 2, "2.0.0"))).version == "2.0.0"


@pytest.mark.vda5050("0.3")
def test_once_a_state_was_heard_no_old_connection_message_tells_another_version() -> None:
    heard = told(SEEN, Voice("state", 2, "2.0.0"), Voice("connection", 2, "2.1.0"), Voice("factsheet", 3, "3.0.0"))
    assert (profile(heard).version, profile(heard).topic_major) == ("2.0.0", 2)


@pytest.mark.vda5050("0.4", "0.6")
@pytest.mark.parametrize("version", ["2.0.0", "2.0", "2.1.0", "2.1.7", "2.9.0"])
def test_a_vehicle_is_answered_with_the_very_text_of_its_version(version: str) -> None:
    assert profile(told(NEW, Voice("state", 2, version))).version == version


@pytest.mark.vda5050("0.1")
def test_the_version_of_the_message_counts_and_not_that_of_its_topic() -> None:
    assert profile(told(NEW, Voice("state", 2, "3.0.0"))).version == "3.0.0"


@pytest.mark.vda5050("0.1")
def test_under_an_order_nobody_is_spoken_to_in_the_words_of_another_major() -> None:
    busy = replace(SEEN, order_id=OrderId("o-1"))
    assert after_version(busy, "3.0.0") == busy.learned
    assert after_version(busy, "2.0.0").version == "2.0.0"
    assert after_version(SEEN, "3.0.0").version == "3.0.0"


@pytest.mark.parametrize("text", ["", "two", "2" * 40, "2.1\x07", "0.9", "2.9.0-beta", "7.0.0"])
def test_what_is_no_version_is_not_learned(text: str) -> None:
    assert after_version(NEW, text) == NEW.learned


@pytest.mark.vda5050("0.2")
def test_a_vehicle_is_answered_on_the_topics_it_speaks_on_and_people_are_told_they_are_others() -> None:
    heard = told(NEW, Voice("state", 1, "2.1.0"))
    assert (profile(heard).version, profile(heard).topic_major) == ("2.1.0", 1)
    assert list(contradictions("2.1.0", Habits(), heard.learned)) == ["it speaks version '2.1.0' on topics of v1"]


def test_topics_that_are_those_of_its_version_are_no_news() -> None:
    assert told(NEW, Voice("state", 2, "2.1.0")).learned == NEW.learned


def test_a_vehicle_that_moved_to_other_topics_is_followed_there_and_back() -> None:
    there = told(NEW, Voice("state", 3, "3.0.0"))
    assert (profile(there).topic_major, list(contradictions("3.0.0", Habits(), there.learned))) == (3, [])
    back = told(there, Voice("state", 2, "2.1.0"))
    assert (profile(back).version, profile(back).topic_major) == ("2.1.0", 2)


@pytest.mark.vda5050("0.6")
def test_a_version_that_nobody_speaks_is_remembered_until_a_message_can_be_read() -> None:
    deaf = told(NEW, Voice("state", 4, "4.0.0", is_spoken=False))
    assert deaf.learned.unspoken == "4.0.0"
    assert not replace(deaf, mode="AUTOMATIC").can_take_orders
    assert told(deaf, Voice("state", 2, "2.1.0")).learned.unspoken == ""


# Factsheets -----------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("4.6")
def test_a_factsheet_that_says_nothing_leaves_all_as_it_was_configured() -> None:
    learned = after_factsheet(NEW.learned, a_factsheet())
    assert learned == Learned(has_factsheet=True)
    assert profile(replace(NEW, learned=learned)) == profile(NEW)


def test_what_a_factsheet_says_becomes_the_profile() -> None:
    sheet = a_factsheet(
        limits=ProtocolLimits(order_nodes_max=20, order_interval_s_min=2.0, state_interval_s_default=60.0),
        actions=(
            OfferedAction(action_type="pick", scopes=("NODE",), blocking_types=("HARD",), required_keys=("loadId",)),
            OfferedAction(action_type="cancelOrder", scopes=("INSTANT",)),
        ),
        optional_parameters=(
            OptionalParameter(name="order.edges.trajectory"),
            OptionalParameter(name="order.edges.length", is_required=True),
        ),
        zone_types=("SPEED_LIMIT", "BLOCKED"),
    )
    known = profile(replace(NEW, learned=after_factsheet(NEW.learned, sheet)))
    assert known.limits == WireLimits(order_nodes_max=20, order_interval_s_min=2.0)
    assert known.state_interval_s == 60.0
    assert known.offer("pick") == ActionOffer(kind="pick", scopes=("NODE",), blocking=("HARD",), required=("loadId",))
    assert [offer.kind for offer in known.actions] == ["cancelOrder", "pick"]
    assert (known.takes_trajectories, known.required, known.zones) == (
        True,
        ("order.edges.length",),
        ("BLOCKED", "SPEED_LIMIT"),
    )


@pytest.mark.vda5050("4.6")
def test_the_site_file_beats_the_factsheet_and_people_are_told() -> None:
    habits = Habits(limits=WireLimits(order_nodes_max=10), takes_trajectories=True)
    learned = after_factsheet(NEW.learned, a_factsheet(limits=ProtocolLimits(order_nodes_max=20)))
    twin = replace(NEW, vehicle=replace(NEW.vehicle, habits=habits), learned=learned)
    assert profile(twin).limits.order_nodes_max == 10
    assert profile(twin).takes_trajectories
    assert list(contradictions("2.1.0", habits, learned)) == [
        "trajectory is true in the site file, and not listed in its factsheet",
        "limit order_nodes_max is 10 in the site file, 20 in its factsheet",
    ]


@pytest.mark.vda5050("2.8", "4.7")
def test_words_that_we_do_not_know_are_read_and_kept() -> None:
    sheet = a_factsheet(actions=(OfferedAction(action_type="handOver", scopes=("DOOR",)),), zone_types=("NO_SINGING",))
    learned = after_factsheet(NEW.learned, sheet)
    assert (learned.actions[0].scopes, learned.zones) == (("DOOR",), ("NO_SINGING",))


def test_figures_that_cannot_be_are_as_good_as_none() -> None:
    limits = ProtocolLimits(order_nodes_max=-3, state_interval_s_default=0.0)
    learned = after_factsheet(NEW.learned, a_factsheet(length_m=0.0, speed_mps_max=-1.0, limits=limits))
    assert learned == Learned(has_factsheet=True)


def test_a_vehicle_that_offers_without_end_is_not_journalled_without_end() -> None:
    offers = tuple(OfferedAction(action_type=f"dance{n}") for n in range(5000))
    learned = after_factsheet(NEW.learned, a_factsheet(actions=offers, zone_types=("Z" * 5000,)))
    assert (len(learned.actions), learned.zones) == (WORDS_MAX, ())


def test_the_order_in_which_a_factsheet_lists_things_means_nothing() -> None:
    names = [kind.value for kind in ActionKind]
    one, other = (
        after_factsheet(NEW.learned, a_factsheet(actions=tuple(OfferedAction(action_type=n) for n in listed)))
        for listed in (names, reversed(names))
    )
    assert one == other

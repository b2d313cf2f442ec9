from __future__ import annotations

import pytest

from fleet.wire.subscription import Audience, Subscription, covers, matches


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+/c", "a//c", True),
        ("+", "a/b", False),
        ("#", "a/b", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "b", False),
        ("#", "$SYS/load", False),
        ("+/load", "$SYS/load", False),
        ("$SYS/#", "$SYS/load", True),
    ],
)
def test_filters_match_as_the_standard_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a#", "a/b#", "a/+b", "a\0", "##"])
def test_what_is_no_filter_is_refused(topic_filter: str) -> None:
    with pytest.raises(ValueError, match="no topic filter"):
        Subscription(topic_filter)


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/b", "a/+", False),
        ("a/+", "a/#", False),
        ("a/#", "a", True),
        ("a/#", "a/+/c", True),
        ("a/#", "#", False),
        ("a/+", "a/b/c", False),
        ("a/+/c", "a/+", False),
    ],
)
def test_a_right_covers_only_filters_of_which_it_covers_all(wider: str, narrower: str, expected: bool) -> None:
    assert covers(wider, narrower) is expected


def test_a_subscription_that_only_some_brokers_share_is_refused() -> None:
    with pytest.raises(ValueError, match="not known to every broker"):
        Subscription("$share/group/state")


def test_who_listens_twice_hears_once_at_the_better_quality() -> None:
    audience: Audience[str] = Audience()
    audience.add("control", [Subscription("a/+"), Subscription("a/b", qos=1)])
    audience.add("screen", [Subscription("#")])
    assert audience.of("a/b") == {"control": 1, "screen": 0}
    audience.remove("control", [Subscription("a/+"), Subscription("a/b", qos=1)])
    assert audience.of("a/b") == {"screen": 0}

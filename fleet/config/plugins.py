"""What is installed beside us: codecs for makes that speak a protocol of their own."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

CODEC_GROUP = "fleet.codecs"
"""A package offers a codec under this entry point; its name is the text to be written as `vda5050_version`."""
CODEC_PARTS = (
    "version", "topic_major", "topic_example", "stitches_with_actions", "rules",
    "header_of", "read", "read_told", "body", "with_header", "body_in",
)  # fmt: skip
"""What a codec has, by `fleet.wire.version`: told while the site is read, and not when the first message comes."""


def codec_plugins() -> tuple[EntryPoint, ...]:
    """All of them, in one order; one that is found twice counts once."""
    found = {(each.name, each.value): each for each in entry_points(group=CODEC_GROUP)}
    return tuple(found[key] for key in sorted(found))


def load_fault(plug_in: EntryPoint) -> str:
    """Why a plug-in cannot be used; empty where it can."""
    try:
        codec = plug_in.load()
    except (Exception, SystemExit) as fault:  # whatever a stranger's code does while it is imported
        return f"{type(fault).__name__}: {fault}"
    if missing := [name for name in CODEC_PARTS if not hasattr(codec, name)]:
        return f"it is no codec, for it has no {', '.join(missing)}"
    if codec.version != plug_in.name:
        return f"it speaks {codec.version!r}"
    return ""

"""What is installed beside us: codecs for makes that speak a protocol of their own."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

CODEC_GROUP = "fleet.codecs"
"""A package offers a codec under this entry point; its name is the text to be written as `vda5050_version`."""


def codec_plugins() -> tuple[EntryPoint, ...]:
    """All of them, in one order; one that is found twice counts once."""
    found = {(each.name, each.value): each for each in entry_points(group=CODEC_GROUP)}
    return tuple(found[key] for key in sorted(found))


def load_fault(plug_in: EntryPoint) -> str:
    """Why a plug-in cannot be loaded; empty where it can."""
    try:
        plug_in.load()
    except Exception as fault:  # whatever a stranger's code does while it is imported
        return f"{type(fault).__name__}: {fault}"
    return ""

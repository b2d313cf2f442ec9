"""Which codec speaks which version: those of the standard, and what plug-ins offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint
from types import MappingProxyType

from fleet.config.plugins import codec_plugins, load_fault
from fleet.wire.v2 import CODEC_2_0_0, CODEC_2_1_0
from fleet.wire.v3 import CODEC_3_0_0
from fleet.wire.version import VersionCodec

STANDARD: Mapping[str, VersionCodec] = MappingProxyType(
    {codec.version: codec for codec in (CODEC_2_0_0, CODEC_2_1_0, CODEC_3_0_0)}
)


class Registry:
    """Codecs by the version that a vehicle is configured to speak.

    Attributes:
        codecs: those that can be used.
        faults: plug-ins that cannot, by name, with the reason; they take none of the others down.
        nearest: what other versions are read as, so far.
    """

    def __init__(self, plug_ins: Iterable[EntryPoint] = ()) -> None:
        self.codecs: dict[str, VersionCodec] = dict(STANDARD)
        self.faults: dict[str, str] = {}
        self.nearest: dict[str, VersionCodec] = {}
        for plug_in in plug_ins:
            self._load(plug_in)

    def codec_for(self, version: str) -> VersionCodec:
        """The codec of a version; an unknown minor or patch of a known major is read as the nearest before it.

        Raises:
            ValueError: no codec speaks that version, or the plug-in that should is broken.
        """
        codec = self.codecs.get(version) or self.nearest.get(version)
        if codec is not None:
            return codec
        if version in self.faults:
            raise ValueError(f"version {version!r} is not spoken: {self.faults[version]}")
        codec = _nearest_of(version, self.codecs)
        if codec is None:
            raise ValueError(f"version {version!r} is not spoken here; known are {', '.join(sorted(self.codecs))}")
        if len(self.nearest) < 100:  # a stranger may make up versions for ever
            self.nearest[version] = codec
        return codec

    def _load(self, plug_in: EntryPoint) -> None:
        if plug_in.name in self.codecs:
            self._refuse(plug_in, f"{plug_in.name!r} is spoken already")
        elif fault := load_fault(plug_in):
            self._refuse(plug_in, fault)
        else:
            self.codecs[plug_in.name] = plug_in.load()

    def _refuse(self, plug_in: EntryPoint, why: str) -> None:
        self.faults[plug_in.name] = f"codec plug-in {plug_in.name!r} ({plug_in.value}) cannot be used: {why}"


@cache
def registry() -> Registry:
    """All codecs of this process; plug-ins are loaded once, when a codec is first asked for."""
    return Registry(codec_plugins())


def codec_for(version: str) -> VersionCodec:
    """The codec of a version; see `Registry.codec_for`."""
    known = registry()
    return known.codecs.get(version) or known.codec_for(version)


def codec_said(said: str, topic_major: int, configured: VersionCodec) -> VersionCodec:
    """The codec of a message: by the version it says, not by its topic (sections 0.1 and 0.2 of our checklist).

    A make's own protocol is spoken by those who are configured to, and nobody can switch to it by saying its name.

    Args:
        said: in its header; empty where it says none.
        configured: for the vehicle.

    Raises:
        ValueError: no codec speaks what it says.
    """
    if said == configured.version:
        return configured
    return _codec_numbered(said or f"{topic_major}")


def _codec_numbered(version: str) -> VersionCodec:
    if not _numbers(version):
        raise ValueError(f"version {version!r} is no version of VDA 5050")
    return codec_for(version)


def _nearest_of(version: str, codecs: Mapping[str, VersionCodec]) -> VersionCodec | None:
    """The newest known version that is no newer than this one, of the same major; else the oldest of that major."""
    wanted = _numbers(version)
    of_major = sorted((numbers, name) for name in codecs if (numbers := _numbers(name))[:1] == wanted[:1] and wanted)
    if not of_major:
        return None
    # A bare major is the newest of it.
    before = [name for numbers, name in of_major if len(wanted) == 1 or numbers[: len(wanted)] <= wanted]
    return codecs[before[-1] if before else of_major[0][1]]


def _numbers(version: str) -> tuple[int, ...]:
    """Major, minor and patch; empty where the text is no version number."""
    parts = version.split(".")
    if not 1 <= len(parts) <= 4 or not all(part.isascii() and part.isdigit() and len(part) <= 6 for part in parts):
        return ()
    return tuple(map(int, parts))

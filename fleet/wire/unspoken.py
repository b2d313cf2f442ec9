"""A message that could not be read, looked at once more: was it in a version that nobody here speaks?"""

from __future__ import annotations

from fleet.wire.codec import PAYLOAD_BYTES_MAX
from fleet.wire.header import read_loose_header
from fleet.wire.link import Topic
from fleet.wire.registry import codec_for


def unspoken_version(topic: Topic, payload: bytes) -> str:
    """The version that such a message bears; empty where it is known, or none can be made out."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        return ""
    try:
        header = read_loose_header(payload, topic)
    except (ValueError, OverflowError, RecursionError):
        return ""
    if header.manufacturer != topic.manufacturer or header.serial_number != topic.serial_number:
        return ""
    try:
        codec_for(header.version)
    except ValueError:
        return header.version
    return ""

"""How fast this checkout reads and writes 2.1.0 against another one: `python -m tests.wire_speed FOLDER`.

Both are loaded into one process and take turns, so that what else the machine does hits both alike.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.unit.test_wire_codec import STATE

ROUNDS, CALLS = 60, 300


def works(folder: Path, payload: bytes) -> dict[str, Callable[[], object]]:
    """What is measured, by name, of the checkout in a folder."""
    for name in [name for name in sys.modules if name == "fleet" or name.startswith("fleet.")]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    codec, rules, link = (importlib.import_module(f"fleet.wire.{name}") for name in ("codec", "rules", "link"))
    sys.path.remove(str(folder))
    assert Path(codec.__file__ or "").is_relative_to(folder)
    topic = link.Topic("uagv", 2, "acme", "van-1", "state")
    message = codec.decode(topic, payload)
    return {
        "decode": lambda: codec.decode(topic, payload),
        "judge": lambda: rules.violations("2.1.0", "state", payload),
        "encode": lambda: codec.encode_state(message),
    }


def ratios(theirs: Callable[[], object], ours: Callable[[], object]) -> Iterator[float]:
    for _ in range(ROUNDS):
        before = timeit.timeit(theirs, number=CALLS)
        yield timeit.timeit(ours, number=CALLS) / before


def main(folder: Path) -> None:
    nodes = [{"nodeId": f"n{i}", "sequenceId": 2 * i, "released": i < 18} for i in range(13, 23)]
    edges = [{"edgeId": f"e{i}", "sequenceId": 2 * i - 1, "released": i < 18} for i in range(13, 23)]
    payload = json.dumps(STATE | {"nodeStates": nodes, "edgeStates": edges}).encode()
    theirs, ours = works(folder.resolve(), payload), works(Path(__file__).parent.parent, payload)
    for name, work in ours.items():
        took_us = min(timeit.repeat(work, number=CALLS, repeat=10)) / CALLS * 1e6
        sys.stdout.write(f"{name}: {statistics.median(ratios(theirs[name], work)):.2f} of theirs, {took_us:.1f} us\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A thousand vehicles that talk to one controller, under virtual time: what it costs, and whether all is taken in.

python -m tests.thousand [--vehicles 1000] [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

import structlog
from msgspec.structs import replace as change

from fleet.model.ids import VehicleId
from fleet.model.twin import Liveness
from fleet.wire.codec import encode_state, encode_visualization
from fleet.wire.messages import Position, Visualization
from tests.life import Town
from tests.nouns import NOW_S, a_header, a_state, town
from vehicle_sim.virtual_time import VirtualClock, run_virtual

STATE_HZ, VISUALIZATION_HZ = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was said and taken in, and what it cost.

    Attributes:
        cpu_share: of one processor, for vehicles, broker and controller together.
    """

    vehicles: int
    simulated_s: int
    states_said: int
    states_taken: int
    visualizations_taken: int
    dropped: int
    fresh: int
    cpu_s: float
    cpu_share: float


def measure(vehicles: int, seconds: int) -> Figures:
    """Let vehicles that stand at their station say a state each second, and where they are five times a second."""
    names = tuple(VehicleId(f"van-{number}") for number in range(vehicles))
    roads = town(vehicles=names)
    state, picture = a_state(), _a_visualization()

    async def talk(clock: VirtualClock) -> Figures:
        place = Town(clock)
        async with place.served(roads) as controller:
            began_s = time.process_time()
            for step in range(seconds * VISUALIZATION_HZ):
                for name in names:
                    header, to = a_header(step + 1, clock.trade_now_s(), name), f"uagv/v2/acme/{name}"
                    place.broker.publish(f"{to}/visualization", encode_visualization(change(picture, header=header)))
                    if step % (VISUALIZATION_HZ // STATE_HZ) == 0:
                        place.broker.publish(f"{to}/state", encode_state(change(state, header=header)))
                await asyncio.sleep(1.0 / VISUALIZATION_HZ)
            cpu_s = time.process_time() - began_s
            twins = controller.state.twins.values()
            return Figures(
                vehicles=vehicles,
                simulated_s=seconds,
                states_said=vehicles * seconds * STATE_HZ,
                states_taken=controller.stats.received["state"],
                visualizations_taken=controller.stats.received["visualization"],
                dropped=sum(controller.stats.dropped.values()),
                fresh=sum(twin.liveness is Liveness.FRESH for twin in twins),
                cpu_s=round(cpu_s, 2),
                cpu_share=round(cpu_s / seconds, 3),
            )

    return run_virtual(talk, NOW_S)


def _a_visualization() -> Visualization:
    position = Position(x_m=150.0, y_m=-8.0, theta_rad=0.0, map_id="town", is_localized=True)
    return Visualization(header=a_header(), position=position, speed_mps=0.0)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--vehicles", type=int, default=1000)
    options.add_argument("--seconds", type=int, default=60)
    given = options.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    print(json.dumps(asdict(measure(given.vehicles, given.seconds))))  # noqa: T201

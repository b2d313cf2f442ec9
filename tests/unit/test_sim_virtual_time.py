"""The event loop on which an hour passes in a second."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading

import pytest

from vehicle_sim.trace import Trace
from vehicle_sim.virtual_time import (
    DeadlockError,
    VirtualClock,
    VirtualLoop,
    VirtualTimeError,
    run_virtual,
)


def the_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_an_hour_of_sleep_passes_and_only_the_virtual_clock_notices() -> None:
    async def sleep_an_hour(clock: VirtualClock) -> float:
        await asyncio.sleep(3600.0)
        return clock.trade_now_s()

    assert run_virtual(sleep_an_hour, start_s=1000.0) == 4600.0


def test_sleeping_until_a_trade_time_wakes_exactly_then() -> None:
    async def wake(clock: VirtualClock) -> float:
        await clock.sleep_until(1_700_000_123.456)
        return clock.trade_now_s()

    assert run_virtual(wake, start_s=1_700_000_000.0) == 1_700_000_123.456


def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set() -> None:
    async def collect() -> list[int]:
        order: list[int] = []
        for i in range(20):
            the_loop().call_at(5.0, order.append, i)
        await asyncio.sleep(6.0)
        return order

    assert run_virtual(collect()) == list(range(20))


def test_a_timeout_works_in_virtual_time() -> None:
    async def wait_too_long() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30.0):
                await asyncio.sleep(60.0)
        return the_loop().time()

    assert run_virtual(wait_too_long()) == 30.0


def test_cancelled_timers_never_fire_and_do_not_pile_up() -> None:
    async def cancel_many() -> int:
        fired: list[int] = []
        for i in range(10_000):
            the_loop().call_at(100.0 + i, fired.append, i).cancel()
        assert len(the_loop()._timers) < 1000
        await asyncio.sleep(20_000.0)
        return len(fired)

    assert run_virtual(cancel_many()) == 0


def test_waiting_for_what_can_never_come_is_an_error_that_names_the_waiting() -> None:
    async def wait_for_ever() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait(), name="lost wake-up")

    with pytest.raises(DeadlockError, match="lost wake-up"):
        run_virtual(wait_for_ever())


def test_a_callback_that_fails_ends_the_run() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def set_a_trap() -> None:
        the_loop().call_later(1.0, fail)
        await asyncio.sleep(2.0)

    with pytest.raises(ZeroDivisionError):
        run_virtual(set_a_trap())


def test_work_for_a_thread_is_done_in_place_and_its_failure_comes_back() -> None:
    async def delegate() -> int:
        assert await asyncio.to_thread(threading.get_ident) == threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await the_loop().run_in_executor(None, lambda: 1 // 0)
        return await asyncio.to_thread(sum, [1, 2, 3])

    assert run_virtual(delegate()) == 6


def test_the_world_outside_is_refused() -> None:
    async def reach_out() -> None:
        with pytest.raises(VirtualTimeError):
            await asyncio.open_connection("127.0.0.1", 1883)
        with pytest.raises(VirtualTimeError):
            await the_loop().getaddrinfo("localhost", 80)
        with pytest.raises(VirtualTimeError):
            await asyncio.create_subprocess_exec("true")

    run_virtual(reach_out())


def test_a_call_from_another_thread_is_refused() -> None:
    refusals: list[str] = []

    def intrude(loop: VirtualLoop) -> None:
        try:
            loop.call_soon_threadsafe(print)
        except VirtualTimeError as error:
            refusals.append(str(error))

    async def wait_for_thread() -> None:
        thread = threading.Thread(target=intrude, args=(the_loop(),))
        thread.start()
        thread.join()

    run_virtual(wait_for_thread())
    assert len(refusals) == 1


def test_shuffling_explores_other_orders_and_the_seed_repeats_them() -> None:
    async def collect() -> list[int]:
        order: list[int] = []
        for i in range(20):
            the_loop().call_at(5.0, order.append, i)
        await asyncio.sleep(6.0)
        return order

    orders = [run_virtual(collect(), shuffle_seed=seed) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


DONE_SET = """
import asyncio
from vehicle_sim.virtual_time import run_virtual
async def nap(i): await asyncio.sleep(1.0); return i
async def main():
    done, _ = await asyncio.wait([asyncio.ensure_future(nap(i)) for i in range(30)])
    print([task.result() for task in done])
run_virtual(main())
"""


def test_sets_of_tasks_iterate_alike_in_every_process() -> None:
    outputs = {
        subprocess.run(  # noqa: S603  # our own interpreter and text
            [sys.executable, "-c", DONE_SET], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_equal_traces_have_equal_hashes_and_others_do_not() -> None:
    def traced(kinds: list[str]) -> str:
        trace = Trace()
        for i, kind in enumerate(kinds):
            trace.feed(float(i), kind, "van-1")
        return trace.hexdigest()

    events = [random.Random(i).choice(["pick", "drop"]) for i in range(2000)]
    assert traced(events) == traced(list(events))
    assert traced(events) != traced([*events[:-1], "other"])

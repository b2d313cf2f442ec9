"""Instant actions, none of which moves the vehicle."""

from __future__ import annotations

from fleet.wire.messages import ActionStatus, Factsheet
from fleet.wire.refusal_words import Reason, refusal_words
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check
from vehicle_sim.judge.verdict import not_offered, not_tried, wrong

NO_ACTION = "judgeNoSuchAction"


def need_offer(bench: Bench, action_type: str) -> None:
    """Go on only with what the factsheet offers, or where it lists no actions."""
    if bench.offers(action_type) is False:
        raise not_offered(f"its factsheet does not list {action_type} as an instant action")


async def reads_actions(bench: Bench) -> None:
    """Some vehicles read only the name that the list had before 2.0; they are told both from then on."""
    since = len(bench.transcript)
    action_id = await bench.ask("stateRequest")
    if await bench.until(lambda: bool(expect.statuses(bench, action_id, since))):
        return
    bench.says_both = True
    both = await bench.ask("stateRequest")
    if await bench.until(lambda: bool(expect.statuses(bench, both, since))):
        raise wrong("reads instant actions only under the old name instantActions; from here on it is sent both")
    bench.says_both = False
    raise wrong("no state shows an instant action that was sent")


async def tells_its_state(bench: Bench) -> None:
    need_offer(bench, "stateRequest")
    since = len(bench.transcript)
    action_id = await bench.ask("stateRequest")
    await expect.finished(bench, action_id, since)


async def tells_its_factsheet(bench: Bench) -> None:
    need_offer(bench, "factsheetRequest")
    since = len(bench.transcript)
    action_id = await bench.ask("factsheetRequest")
    if not await bench.until(
        lambda: any(isinstance(entry.message, Factsheet) for entry in bench.transcript.of("factsheet", since))
    ):
        unread = [entry for entry in bench.transcript.of("factsheet", since) if entry.fault]
        raise wrong(f"its factsheet cannot be read: {unread[0].fault}" if unread else "sends no factsheet", *unread)
    await expect.finished(bench, action_id, since)


async def does_a_repeated_action_once(bench: Bench) -> None:
    since = len(bench.transcript)
    action_id = await bench.ask("stateRequest")
    await expect.finished(bench, action_id, since)
    await bench.ask("stateRequest", action_id=action_id)
    state = await expect.fresh_state(bench)
    shown = [a.status for a in (*state.instant_action_states, *state.action_states) if a.action_id == action_id]
    if len(shown) > 1:
        raise wrong(f"shows action {action_id} {len(shown)} times")
    after = expect.statuses(bench, action_id, since)
    if any(status is not ActionStatus.FINISHED for status in after[after.index(ActionStatus.FINISHED) :]):
        raise wrong(f"begins action {action_id} anew, which was finished: {', '.join(after)}")


async def refuses_an_unknown_action(bench: Bench) -> None:
    since = len(bench.transcript)
    action_id = await bench.ask(NO_ACTION)

    def errors() -> list[str]:
        return [
            error.error_type
            for state in bench.states(since)
            for error in state.errors
            if any(reference.value == action_id for reference in error.references)
        ]

    await bench.until(lambda: expect.ended(bench, action_id, since) is not None or bool(errors()))
    end = expect.ended(bench, action_id, since)
    if end is not None and end.status is ActionStatus.FINISHED:
        raise wrong(f"says it has done {NO_ACTION}, which is nothing")
    if end is None and not errors():
        raise wrong(f"no state shows {NO_ACTION} as failed, or an error that names it")


async def has_no_order_to_cancel(bench: Bench) -> None:
    need_offer(bench, "cancelOrder")
    if not bench.is_idle():
        raise not_tried("the vehicle has an order")
    since = len(bench.transcript)
    action_id = await bench.ask("cancelOrder")
    end = await expect.done(bench, action_id, since)
    if end.status is not ActionStatus.FAILED:
        raise wrong(f"cancelOrder ends as {end.status} with no order to cancel")
    errors = expect.new_errors(bench, since)
    if not errors:
        raise wrong("cancelOrder fails with no error that says why")
    words = refusal_words(bench.version, Reason.NO_ORDER)
    if words and not any(error.error_type in words for error in errors):
        raise wrong(f"calls it {expect.told_errors(errors)}; its version says {', '.join(words)}")


async def pauses_and_goes_on(bench: Bench) -> None:
    need_offer(bench, "startPause")
    since = len(bench.transcript)
    try:
        await expect.finished(bench, await bench.ask("startPause"), since)
        if not await bench.until(lambda: bench.state.paused):
            raise wrong("startPause is finished, and no state is paused")
        since = len(bench.transcript)
        await expect.finished(bench, await bench.ask("stopPause"), since)
        if not await bench.until(lambda: not bench.state.paused):
            raise wrong("stopPause is finished, and states are still paused")
    finally:
        if bench.state.paused:
            await bench.ask("stopPause")


INSTANT = (
    Check("0.5", "instant-actions-key", "reads the list of instant actions under the name actions", reads_actions),
    Check("9.8", "state-request", "sends a state on request", tells_its_state),
    Check("4.1", "factsheet-request", "sends its factsheet on request", tells_its_factsheet),
    Check(
        "9.3",
        "instant-repeated",
        "does an instant action once that is sent twice under one id",
        does_a_repeated_action_once,
    ),
    Check(
        "K5", "instant-unknown", "shows an instant action that it does not know as failed", refuses_an_unknown_action
    ),
    Check("7.r11", "cancel-nothing", "fails a cancel when it has no order, and says so", has_no_order_to_cancel),
    Check("9.6", "pause-standing", "shows paused between startPause and stopPause", pauses_and_goes_on),
)

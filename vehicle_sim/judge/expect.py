"""What a check waits for, and how it says that it did not come."""

from __future__ import annotations

from collections.abc import Iterable

from fleet.wire.messages import ActionState, ActionStatus, Order, VehicleError, VehicleState
from fleet.wire.refusal_words import Reason, refusal_words
from vehicle_sim.judge.bench import SLACK_S, STATE_INTERVAL_S, Bench
from vehicle_sim.judge.verdict import wrong


def shows(state: VehicleState, order: Order) -> bool:
    return (state.order_id, state.order_update_id) == (order.order_id, order.order_update_id)


async def taken(bench: Bench, order: Order, since: int) -> None:
    """Wait for a state that shows the order.

    Raises:
        JudgedError: none does in time.
    """
    if not await bench.until(lambda: any(shows(state, order) for state in bench.states(since))):
        errors = new_errors(bench, since)
        told = f"; it says {told_errors(errors)}" if errors else ""
        within = f"within {bench.terms.patience_s:g} s"
        raise wrong(f"no state shows order {order.order_id} update {order.order_update_id} {within}{told}")


async def refused(bench: Bench, order: Order, since: int, reason: Reason) -> VehicleError:
    """Wait for the error that refuses an order.

    Raises:
        JudgedError: it was taken, nothing was said of it, or in words that this version does not have for it.
    """
    was_shown = any(shows(state, order) for state in bench.transcript.states()[: _states_before(bench, since)][-1:])

    def took() -> bool:
        return not was_shown and any(shows(state, order) for state in bench.states(since))

    await bench.until(lambda: took() or bool(errors_about(bench, order, since)))
    if took():
        raise wrong(f"takes it: a state shows order {order.order_id} update {order.order_update_id}")
    errors = errors_about(bench, order, since)
    if not errors:
        raise wrong(f"no state has an error about it within {bench.terms.patience_s:g} s")
    words = refusal_words(bench.version, reason)
    fitting = [error for error in errors if words is None or error.error_type in words]
    if not fitting:
        raise wrong(f"calls it {told_errors(errors)}; its version says {' or '.join(sorted(words or ()))}")
    return fitting[0]


async def done(bench: Bench, action_id: str, since: int, within_s: float | None = None) -> ActionState:
    """Wait until an action ends, and give how.

    Raises:
        JudgedError: no state shows it at its end in time.
    """
    if not await bench.until(lambda: ended(bench, action_id, since) is not None, within_s):
        last = statuses(bench, action_id, since)[-1:]
        raise wrong(
            f"action {action_id} is {last[0]}, not at its end" if last else f"no state shows action {action_id}"
        )
    found = ended(bench, action_id, since)
    assert found is not None
    return found


async def finished(bench: Bench, action_id: str, since: int, within_s: float | None = None) -> None:
    """Wait until an action is done.

    Raises:
        JudgedError: it failed, or no state shows it at its end in time.
    """
    end = await done(bench, action_id, since, within_s)
    if end.status is not ActionStatus.FINISHED:
        raise wrong(f"action {action_id} ends as {end.status}" + (f": {end.result}" if end.result else ""))


async def fresh_state(bench: Bench) -> VehicleState:
    """Ask for a state and wait for it; where it is not given on request, for the next one by the clock.

    Raises:
        JudgedError: none came.
    """
    since = len(bench.transcript)
    await bench.ask("stateRequest")
    if not await bench.until(lambda: bool(bench.states(since))):
        await bench.until(lambda: bool(bench.states(since)), STATE_INTERVAL_S + SLACK_S)
    if not bench.states(since):
        raise wrong("no state comes, on request or by itself")
    return bench.states(since)[-1]


def ended(bench: Bench, action_id: str, since: int) -> ActionState | None:
    """The first end of an action that a state shows."""
    over = (ActionStatus.FINISHED, ActionStatus.FAILED)
    return next((action for action in _told(bench, action_id, since) if action.status in over), None)


def statuses(bench: Bench, action_id: str, since: int) -> list[ActionStatus]:
    return [action.status for action in _told(bench, action_id, since)]


def _told(bench: Bench, action_id: str, since: int) -> Iterable[ActionState]:
    for state in bench.states(since):
        for action in (*state.instant_action_states, *state.action_states):
            if action.action_id == action_id:
                yield action


def errors_about(bench: Bench, order: Order, since: int) -> list[VehicleError]:
    """Errors that name the order, that were not there before, or that name nothing at all (checklist 7.1)."""
    named = [error for error in _errors(bench, since) if order.order_id in _values(error) and _names(error, order)]
    return named or [error for error in new_errors(bench, since) if "orderUpdateId" not in _keys(error)]


def new_errors(bench: Bench, since: int) -> list[VehicleError]:
    """Errors that the last state before this place did not have."""
    before = bench.transcript.states()[: _states_before(bench, since)][-1:]
    known = set(before[0].errors) if before else set()
    return [error for error in _errors(bench, since) if error not in known]


def told_errors(errors: Iterable[VehicleError]) -> str:
    """Their types, each once."""
    return ", ".join(dict.fromkeys(error.error_type for error in errors))


def _errors(bench: Bench, since: int) -> list[VehicleError]:
    return list(dict.fromkeys(error for state in bench.states(since) for error in state.errors))


def _states_before(bench: Bench, since: int) -> int:
    return len(bench.transcript.states()) - len(bench.transcript.states(since))


def _names(error: VehicleError, order: Order) -> bool:
    """Where it names an update, it is this one."""
    update = next((reference.value for reference in error.references if reference.key == "orderUpdateId"), None)
    return update is None or update == str(order.order_update_id)


def _values(error: VehicleError) -> set[str]:
    return {reference.value for reference in error.references}


def _keys(error: VehicleError) -> set[str]:
    return {reference.key for reference in error.references}

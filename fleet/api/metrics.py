"""Figures for Prometheus, read from the area at the moment they are asked for; labels are bounded."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fleet.api.figures import run_counts, trip_counts
from fleet.api.reception import Reception
from fleet.api.vehicle_views import vehicle_phases
from fleet.controller.stats import percentile
from fleet.model.assist import AssistCause
from fleet.state.fleet_state import ARCHIVED_LATE

QUANTILES = (0.5, 0.99)


def registry_of(front: Reception) -> CollectorRegistry:
    """A registry of its own for each application, so that several may live in one process."""
    registry = CollectorRegistry()
    registry.register(_Fleet(front))
    return registry


class _Fleet(Collector):
    def __init__(self, front: Reception) -> None:
        self._front = front

    def describe(self) -> Iterable[Metric]:
        return ()  # without this, registering would collect once

    def collect(self) -> Iterator[Metric]:
        yield from self._fleet()
        yield from self._orders_and_messages()
        yield from self._durations()
        yield from self._health()

    def _fleet(self) -> Iterator[Metric]:
        state, now_s = self._front.state, self._front.now_s
        runs = run_counts(state, now_s)
        yield _gauge("fleet_vehicles", "Vehicles by phase.", "phase", vehicle_phases(state))
        yield _gauge("fleet_runs", "Runs by phase.", "phase", runs.by_phase)
        yield _gauge("fleet_trips", "Trips by phase.", "phase", trip_counts(state))
        yield GaugeMetricFamily("fleet_runs_open_late", "Open runs that are or will be late.", runs.open_late)
        yield GaugeMetricFamily("fleet_runs_unassigned", "Runs that no trip serves.", runs.unassigned)
        late = sum(v.delivered_s is not None and v.delivered_s > v.run.due_s for v in state.runs.values())
        late += state.counters.get(ARCHIVED_LATE, 0)
        yield CounterMetricFamily("fleet_runs_late", "Runs handed over after they were due.", late)
        yield GaugeMetricFamily("fleet_assists_open", "What waits for a person.", len(state.assists))
        known = {"contradictions": AssistCause.PROFILE_CONTRADICTS, "version_unknown": AssistCause.VERSION_UNKNOWN}
        waiting = Counter(assist.cause for assist in state.assists.values())
        text = "Vehicles whose messages are not what the site file says."
        yield _gauge("fleet_vehicle_profiles", text, "trouble", {name: waiting[c] for name, c in known.items()})
        silence = GaugeMetricFamily(
            "fleet_vehicle_silence_seconds", "Trade time since a vehicle was last heard.", labels=["vehicle"]
        )
        for vehicle_id, heard in sorted(self._front.area.ear.heard.items()):
            silence.add_metric([vehicle_id], max(0.0, now_s - heard.at_s))
        yield silence

    def _orders_and_messages(self) -> Iterator[Metric]:
        stats, tally = self._front.area.stats, self._front.tally
        results = {"sent": tally.orders_sent, **{phase.value: n for phase, n in tally.orders_ended.items()}}
        yield _counter("fleet_orders", "Orders sent, and how they ended.", "result", results)
        yield _counter("fleet_messages_received", "Messages of vehicles.", "topic", stats.received)
        yield _counter("fleet_messages_dropped", "Messages not used.", "why", stats.dropped)
        yield _counter("fleet_messages_sent", "Messages to vehicles.", "topic", stats.sent)
        yield CounterMetricFamily("fleet_messages_resent", "Messages sent again, unconfirmed.", stats.resent)
        text = "Bases released beyond the limits, to the next place to stand."
        yield CounterMetricFamily("fleet_releases_beyond_limits", text, stats.long_releases)
        text = "Orders that broke a promise when they were looked at last, and were not sent."
        yield CounterMetricFamily("fleet_orders_held_back", text, stats.held_back)
        topics: dict[str, int] = {}
        for place, count in stats.schema_violations.items():
            topic = place.partition(":")[0]
            topics[topic] = topics.get(topic, 0) + count
        yield _counter("fleet_schema_violations", "Fields that break VDA 5050.", "topic", topics)

    def _durations(self) -> Iterator[Metric]:
        stats = self._front.area.stats
        yield _summary("fleet_turn_duration_seconds", "A turn of the controller.", stats.turn_s)
        yield _summary("fleet_plan_duration_seconds", "The search for a better plan.", stats.solver_s)
        yield _summary("fleet_dispatch_latency_seconds", "From decision to sending, trade time.", stats.dispatch_s)

    def _health(self) -> Iterator[Metric]:
        area = self._front.area
        yield CounterMetricFamily("fleet_turns", "Turns of the controller.", area.stats.turns)
        yield CounterMetricFamily("fleet_items_failed", "Vehicles or runs that raised an error.", area.stats.failures)
        yield GaugeMetricFamily("fleet_journal_seq", "Number of the last event.", area.head_seq)
        yield GaugeMetricFamily("fleet_journal_writable", "1 while the journal can be written.", not area.store_trouble)
        yield GaugeMetricFamily("fleet_link_up", "1 while the line to the broker is up.", area.ear.is_link_up)
        others = area.stats.other_controllers
        yield CounterMetricFamily("fleet_other_controllers", "Times another controller of our area was heard.", others)
        yield GaugeMetricFamily("fleet_lease_good", "1 while the area is ours.", area.lease.is_good)
        yield GaugeMetricFamily("fleet_event_streams", "Open event streams.", self._front.bell.listeners)


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _summary(name: str, text: str, values: deque[float]) -> Metric:
    """Quantiles of the latest few thousand; 0 where there were none yet."""
    metric = Metric(name, f"{text} Quantiles of the latest.", "summary")
    for quantile in QUANTILES:
        metric.add_sample(name, {"quantile": str(quantile)}, percentile(values, quantile))
    return metric

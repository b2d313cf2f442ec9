"""`vehicle-sim run` and `vehicle-sim sweep`: one simulated day, or many seeds of it."""

from __future__ import annotations

import json
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from fleet.errors import ConfigError
from fleet.maps.cache import load_or_import
from vehicle_sim.harness import Options, simulate
from vehicle_sim.result import add_up, cpu_seconds, expectations_missed, result_json
from vehicle_sim.scenario import Scenario, duration_s

KEPT, BROKEN, MISSED = 0, 1, 3
CACHE = Path("build") / "maps"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asks for; the same for one seed and for many."""

    scenario: Path
    profile: str | None = None
    map: Path | None = None
    until: str | None = None
    cache: Path = CACHE


def one_seed(options: RunOptions, seed: int) -> tuple[dict[str, object], list[str]]:
    """Simulate one seed; its result, and which expectations it missed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    scenario = Scenario.load(options.scenario, flags={"site.map": str(options.map) if options.map else None})
    graph, _ = load_or_import(scenario.site.map_path, options.cache)
    until_s = None if options.until is None else scenario.start_s + _span_s(options.until)
    wall_s, cpu_s = time.perf_counter(), cpu_seconds()
    outcome = simulate(scenario, graph, seed, Options(profile=options.profile, until_s=until_s))
    result = result_json(outcome, time.perf_counter() - wall_s, cpu_seconds() - cpu_s)
    return result, expectations_missed(outcome)


def _span_s(text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise ConfigError([f"--until: found {text!r}, needs {error}"]) from error


def repeat_line(options: RunOptions, seed: int) -> str:
    """The command that does the same again."""
    words = ["vehicle-sim", "run", str(options.scenario), "--seed", str(seed)]
    words += ["--profile", options.profile] if options.profile else []
    words += ["--map", str(options.map)] if options.map else []
    words += ["--until", options.until] if options.until else []
    return " ".join(words)


def run(options: RunOptions, seed: int, output: str) -> int:
    """One simulation, told in words or as JSON; the exit code says whether all promises were kept."""
    result, missed = one_seed(options, seed)
    broken = result["invariant_violations"]
    assert isinstance(broken, list)
    if output == "json":
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        _tell(result)
    for violation in broken:
        sys.stderr.write(f"broken {violation['check']}: {violation['detail']} ({violation['vehicle']})\n")
    for text in missed:
        sys.stderr.write(f"missed: {text}\n")
    sys.stderr.write(f"repeat with: {repeat_line(options, seed)}\n")
    return BROKEN if broken else MISSED if missed else KEPT


def _tell(result: dict[str, object]) -> None:
    for key, value in result.items():
        if isinstance(value, dict):
            value = "  ".join(f"{name.replace('_', ' ')} {_short(part)}" for name, part in value.items())
        if key == "invariant_violations":
            value = "none" if value == [] else "see below"
        sys.stdout.write(f"{key.replace('_', ' '):<24}{value}\n")


def _short(part: object) -> str:
    """A figure; of several their names, of a list how many: all of it is in the JSON."""
    if isinstance(part, dict):
        return f"({', '.join(f'{name} {figure}' for name, figure in part.items())})"
    return str(len(part)) if isinstance(part, list) else str(part)


def sweep(options: RunOptions, seeds: range, jobs: int, output: str) -> int:
    """Many seeds, spread over processes; every failure comes with the command that repeats it."""
    started_s = cpu_seconds()
    results: list[dict[str, object]] = []
    violations: list[dict[str, object]] = []
    crashes = missed_count = 0
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        futures = {seed: pool.submit(one_seed, options, seed) for seed in seeds}
        for seed, future in futures.items():
            try:
                result, missed = future.result()
            except ConfigError:
                raise
            except Exception as error:  # a seed that breaks the program is a finding, not our end
                crashes += 1
                sys.stderr.write(f"seed {seed} ended with {error!r}; repeat with: {repeat_line(options, seed)}\n")
                continue
            results.append(result)
            violations += _broken(options, seed, result)
            missed_count += bool(missed)
            if missed:
                sys.stderr.write(f"seed {seed} missed: {'; '.join(missed)}\n")
    summary = {
        "seeds": len(seeds),
        "violations": violations,
        "runs": add_up(list(results)),
        "crashes": crashes,
        "cpu_s": round(sum(float(str(r["cpu_s"])) for r in results) or cpu_seconds() - started_s, 3),
        "simulated_s": round(sum(float(str(r["simulated_s"])) for r in results), 3),
    }
    sys.stdout.write(json.dumps(summary, indent=2) + "\n" if output == "json" else _in_words(summary))
    return BROKEN if violations or crashes else MISSED if missed_count else KEPT


def _broken(options: RunOptions, seed: int, result: dict[str, object]) -> list[dict[str, object]]:
    found = result["invariant_violations"]
    assert isinstance(found, list)
    rows = [{"seed": seed, "check": v["check"], "repeat": repeat_line(options, seed)} for v in found]
    for row, violation in zip(rows, found, strict=True):
        sys.stderr.write(
            f"seed {seed} broke {violation['check']}: {violation['detail']}; repeat with: {row['repeat']}\n"
        )
    return rows


def _in_words(summary: dict[str, object]) -> str:
    violations = summary["violations"]
    assert isinstance(violations, list)
    return (
        f"{summary['seeds']} seeds, {len(violations)} broken promises, {summary['crashes']} crashes, "
        f"runs {summary['runs']}, {summary['cpu_s']} s of processor for {summary['simulated_s']} s of fleet\n"
    )


def seed_range(text: str) -> range:
    """Seeds of "A..B", both included.

    Raises:
        ConfigError: the text is no such range.
    """
    first, dots, last = text.partition("..")
    if not (dots and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise ConfigError([f"--seeds: found {text!r}, needs A..B, for example 1..100"])
    return range(int(first), int(last) + 1)

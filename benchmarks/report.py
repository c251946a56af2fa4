"""The table for people and the file for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.catalogue import Found
from benchmarks.rounds import CaseResult, Series
from benchmarks.scenarios import Scenario
from qnet.socket.engines._system_calls import COMPILED


def heading(peers: Mapping[str, Found], skipped: Mapping[str, str]) -> str:
    """What is compared on what: the versions, and who is missing and why."""
    lines = [f"{platform.platform()}, {os.cpu_count()} CPUs; qnet with{'' if COMPILED else 'out'} its C module"]
    lines += [
        f"  {name:<16} {found.peer.title}"
        + (f"; {found.peer.package} {found.version}" if found.peer.package else "")
        + f"; Python {found.python_version}"
        for name, found in peers.items()
    ]
    lines += [f"  {name:<16} skipped: {reason}" for name, reason in skipped.items()]
    return "\n".join(lines)


def table(scenario: Scenario, result: CaseResult, reference: str) -> str:
    """One case of *scenario*: a line a peer, its ratio by round to *reference*'s."""
    base = _reference(result, reference)
    against = f"x {base.peer}" if base else "ratio"
    rows = [("", scenario.unit.split(" ")[0], "min - max", against, *scenario.rates, "")]
    rows += [_row(series, base, len(scenario.rates)) for series in result.series]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"{scenario.title}: {result.case.label}   [{scenario.unit}]"]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        lines.append(("  " + "   ".join(cells) + "   " + row[-1]).rstrip())
    return "\n".join(lines)


def as_json(
    options: Mapping[str, Any],
    peers: Mapping[str, Found],
    skipped: Mapping[str, str],
    results: Sequence[tuple[Scenario, CaseResult]],
    reference: str,
) -> dict[str, Any]:
    """Everything in the tables, with every round's cost."""
    return {
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count(), "processor": _processor()},
        "compiled": COMPILED,
        "options": dict(options),
        "peers": {name: {"version": found.version, "python": found.python_version} for name, found in peers.items()},
        "skipped": dict(skipped),
        "results": [
            _series_as_json(scenario, result, series, reference)
            for scenario, result in results
            for series in result.series
        ],
    }


def _series_as_json(scenario: Scenario, result: CaseResult, series: Series, reference: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "scenario": scenario.name,
        "case": result.case.label,
        "peer": series.peer,
        "unit": scenario.unit,
    }
    if series.failure:
        return {**entry, "failure": series.failure}
    base = _reference(result, reference)
    return {
        **entry,
        "median": median(series.costs),
        "rounds": series.costs,
        "ratio": series.ratio_to(base) if base else None,
        "reference": base.peer if base else None,
        "rates": dict(zip(scenario.rates, series.rates, strict=True)),
        "note": series.note,
    }


def _reference(result: CaseResult, wanted: str) -> Series | None:
    """The series to compare with: the wanted one, or else the first that was measured."""
    measured = {series.peer: series for series in result.series if not series.failure}
    return measured.get(wanted) or next(iter(measured.values()), None)


def _row(series: Series, base: Series | None, rates: int) -> tuple[str, ...]:
    if series.failure or not series.samples:
        return (series.peer, "failed", *[""] * (rates + 2), series.failure)
    costs = series.costs
    ratio = series.ratio_to(base) if base else None
    return (
        series.peer,
        _figure(median(costs)),
        f"{_figure(min(costs))} - {_figure(max(costs))}",
        "" if ratio is None else f"{ratio:.2f}",
        *(_figure(rate) for rate in series.rates),
        series.note,
    )


def _figure(value: float) -> str:
    """Three digits or so: more would pretend a precision that is not there."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()

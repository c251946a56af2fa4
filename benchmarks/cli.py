"""The command line: which scenarios, peers and sizes, and where the results go."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.catalogue import PEERS, Found, find
from benchmarks.load import LoadError
from benchmarks.progress import Progress
from benchmarks.rounds import CaseResult, run_scenario
from benchmarks.scenarios import SCENARIOS, Options, Scenario

FULL = Options()
QUICK = Options(
    sizes=(1024,),
    connections=(50,),
    rounds=3,
    seconds=0.15,
    emissions=20_000,
    timers=10_000,
    queued=10_000,
    churn=300,
    idle=1000,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what *arguments* choose; return 0, or 1 when something failed, or 130 after Ctrl-C."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print(_list())
        return 0
    options = _options(chosen)
    scenarios = [SCENARIOS[name](options) for name in chosen.scenarios or SCENARIOS]
    peers, skipped = _find_peers(scenarios, chosen.peers, dict(chosen.python))
    if not peers:
        parser.error("none of the peers is here: " + "; ".join(f"{n}: {why}" for n, why in skipped.items()))
    print(report.heading(peers, skipped), flush=True)
    results: list[tuple[Scenario, CaseResult]] = []
    try:
        _measure(scenarios, peers, chosen, results)
        code = 1 if any(series.failure for _, result in results for series in result.series) else 0
    except KeyboardInterrupt:
        print("\ninterrupted: what was measured so far is complete", file=sys.stderr)
        code = 130
    except LoadError as error:
        print(f"\n{parser.prog}: {error}", file=sys.stderr)
        code = 1
    if chosen.json:
        document = report.as_json(asdict(options), peers, skipped, results, chosen.reference)
        chosen.json.write_text(json.dumps(document, indent=1) + "\n")
    return code


def _measure(
    scenarios: Sequence[Scenario],
    peers: Mapping[str, Found],
    chosen: argparse.Namespace,
    results: list[tuple[Scenario, CaseResult]],
) -> None:
    """Run *scenarios*, print a table after each case and add it to *results*."""
    steps = sum(
        len(scenario.cases()) * scenario.turns * len(scenario.programs.keys() & peers.keys()) for scenario in scenarios
    )
    progress = Progress(steps)
    try:
        for scenario in scenarios:
            for result in run_scenario(scenario, peers, progress, chosen.cpu):
                progress.clear()
                if result.series:
                    results.append((scenario, result))
                    print("\n" + report.table(scenario, result, chosen.reference), flush=True)
    finally:
        progress.clear()


def _find_peers(
    scenarios: Sequence[Scenario], wanted: Sequence[str] | None, interpreters: Mapping[str, str]
) -> tuple[dict[str, Found], dict[str, str]]:
    """The peers of *scenarios* that can run, and those that cannot with the reason."""
    taking_part = {name for scenario in scenarios for name in scenario.programs}
    peers, skipped = {}, {}
    for name, peer in PEERS.items():
        if name not in taking_part or (wanted and name not in wanted):
            continue
        answer = find(peer, interpreters.get(name, sys.executable))
        if isinstance(answer, Found):
            peers[name] = answer
        else:
            skipped[name] = answer
    return peers, skipped


def _options(chosen: argparse.Namespace) -> Options:
    base = QUICK if chosen.quick else FULL
    given: dict[str, Any] = {}
    for name in asdict(base):
        value = getattr(chosen, name)
        if value is not None:
            given[name] = tuple(value) if isinstance(value, list) else value
    return replace(base, **given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures qnet and its peers side by side and prints CPU per operation and ratios.",
        epilog="benchmarks/README.md says how to read the tables.",
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", type=_scenario, help=f"of {', '.join(SCENARIOS)}: all"
    )
    parser.add_argument("--list", action="store_true", help="list scenarios and peers, and exit")
    parser.add_argument("--quick", action="store_true", help="one size and fewer, shorter rounds: a first look")
    parser.add_argument("--peers", nargs="+", metavar="PEER", choices=PEERS, help="only these peers")
    parser.add_argument("--reference", default="qnet", choices=PEERS, help="peer that ratios refer to (qnet)")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        type=_interpreter,
        metavar="PEER=PATH",
        help="interpreter for one peer, whose package may be in another virtual environment; may be repeated",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures of all rounds to FILE too")
    parser.add_argument(
        "--cpu",
        type=_cpu,
        default=_last_cpu(),
        metavar="N",
        help="CPU that peer and load generator share, or 'any' to leave it to the system (the last)",
    )
    number = parser.add_argument_group("how much (defaults are those without --quick)")
    number.add_argument("--rounds", type=_positive, help=f"interleaved rounds ({FULL.rounds})")
    number.add_argument("--seconds", type=float, help=f"load in each round of an echo ({FULL.seconds})")
    number.add_argument("--sizes", type=_positive, nargs="+", metavar="BYTES", help=f"{FULL.sizes}")
    number.add_argument("--connections", type=_positive, nargs="+", metavar="N", help=f"{FULL.connections}")
    number.add_argument("--in-flight", type=_positive, help="messages under way on each connection (1)")
    number.add_argument("--emissions", type=_positive, help=f"of a signal, each round ({FULL.emissions:,})")
    number.add_argument("--queued", type=_positive, help=f"queued signals, each round ({FULL.queued:,})")
    number.add_argument("--timers", type=_positive, help=f"pending timers ({FULL.timers:,})")
    number.add_argument("--churn", type=_positive, help=f"connections of churn, each round ({FULL.churn:,})")
    number.add_argument("--idle", type=_positive, help=f"idle connections for memory ({FULL.idle:,})")
    return parser


def _scenario(text: str) -> str:
    if text not in SCENARIOS:
        raise argparse.ArgumentTypeError(f"no scenario {text!r}: choose from {', '.join(SCENARIOS)}")
    return text


def _interpreter(text: str) -> tuple[str, str]:
    peer, _, path = text.partition("=")
    if peer not in PEERS or not path:
        raise argparse.ArgumentTypeError(f"expected PEER=PATH with a peer of {', '.join(PEERS)}, got {text!r}")
    return peer, path


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return number


def _cpu(text: str) -> int | None:
    if text == "any":
        return None
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if not text.isdecimal() or int(text) not in cpus:
        raise argparse.ArgumentTypeError(f"expected 'any' or one of {sorted(cpus)}, got {text!r}")
    return int(text)


def _last_cpu() -> int | None:
    """The last CPU this process may use: the first ones serve most interrupts."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _list() -> str:
    lines = ["scenarios"]
    lines += [f"  {name:<16} {scenario.title}" for name, scenario in SCENARIOS.items()]
    lines += ["peers"] + [f"  {peer.name:<16} {peer.title}" for peer in PEERS.values()]
    return "\n".join(lines)

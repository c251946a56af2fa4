"""The scenarios by the names that the command line takes."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.scenarios.base import Case, Options, Sample, Scenario
from benchmarks.scenarios.churn import Churn
from benchmarks.scenarios.memory import Memory
from benchmarks.scenarios.proxy_echo import ProxyEcho
from benchmarks.scenarios.queued import Queued
from benchmarks.scenarios.signals import Signals
from benchmarks.scenarios.tcp_echo import TcpEcho
from benchmarks.scenarios.timers import Timers
from benchmarks.scenarios.udp_echo import UdpEcho

__all__ = ["Case", "Options", "Sample", "Scenario", "SCENARIOS"]

SCENARIOS: Mapping[str, type[Scenario]] = {
    scenario.name: scenario for scenario in (TcpEcho, UdpEcho, ProxyEcho, Churn, Memory, Signals, Queued, Timers)
}

"""How long property tests of parsers run: ``QNET_FUZZ_EXAMPLES=100000 pytest -k fuzz`` for a long night."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["fuzz"]

EXAMPLES = int(os.environ.get("QNET_FUZZ_EXAMPLES", "200"))

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""Decorates a property test of a parser; call such tests ``test_fuzz_...``, so that ``-k fuzz`` finds them all."""

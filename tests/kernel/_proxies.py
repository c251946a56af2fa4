"""What the tests of proxies share: a clean environment, and proxies as tuples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

VARIABLES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "request_method")


@pytest.fixture
def environment(qt: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No proxy in the environment and the system's configuration in use, before and after."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    qt.QNetworkProxyFactory.setUseSystemConfiguration(True)
    yield monkeypatch
    qt.QNetworkProxyFactory.setUseSystemConfiguration(True)


def shown(proxies: list[Any]) -> list[tuple[str, str, int]]:
    return [(proxy.type().name, proxy.hostName(), proxy.port()) for proxy in proxies]


DIRECT = ("NoProxy", "", 0)

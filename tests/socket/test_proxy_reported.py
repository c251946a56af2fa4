"""What was reported about sockets and their proxies, and must not come back."""

from __future__ import annotations

from typing import Any

import pytest
from _peers import ours
from _proxied import proxy_at
from _socks_proxies import ScriptedProxy


@pytest.mark.qnet("Qt's error texts name no host")
@pytest.mark.parametrize(
    ("host", "shown"), [("a\r\nb", r"a\r\nb:80"), ("\x1b[2J", r"\x1b[2J:80"), ("2001:db8::1", "[2001:db8::1]:80")]
)
def test_error_texts_show_the_target_on_one_line(qt: Any, host: str, shown: str) -> None:
    """Programs log them, and users type host names."""
    with ScriptedProxy([b"\5\0", b"\5\5\0\1\0\0\0\0\0\0"]) as script:
        sock = ours(qt.QTcpSocket())
        sock.setProxy(proxy_at(qt, script.port))
        sock.connectToHost(host, 80)
        assert not sock.waitForConnected(30_000)
        assert f"connecting to {shown} through" in sock.errorString()
        assert sock.errorString().isprintable()


@pytest.mark.qnet("Qt's error texts name no host")
def test_a_time_out_names_the_proxy_that_is_silent(qt: Any) -> None:
    with ScriptedProxy([]) as script:
        sock = ours(qt.QTcpSocket())
        sock.setProxy(proxy_at(qt, script.port))
        sock.connectToHost("target.test", 80)
        assert not sock.waitForConnected(50)
        where = f"connecting to target.test:80 through the proxy 127.0.0.1:{script.port}"
        assert sock.errorString() == f"Socket operation timed out: {where}"

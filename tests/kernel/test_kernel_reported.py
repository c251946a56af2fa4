"""What was reported about addresses, look-ups, DNS, proxies and authentication, and must not come back."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from qnet.kernel._auth_session import AuthError, AuthSession
from qnet.kernel._resolver import Answer, Resolver
from qnet.kernel.authenticator import QAuthenticator


@pytest.mark.parametrize("make", ["host and port", "URL", "setter"])
def test_the_peer_of_a_query_is_an_address_with_its_scope(qt: Any, make: str) -> None:
    """Not the "%25" that stands before a scope in a URL: factories make a QHostAddress of it."""
    if make == "URL":
        query = qt.QNetworkProxyQuery(qt.QUrl("http://[fe80::1%25lo]:80/"))
    elif make == "setter":
        query = qt.QNetworkProxyQuery()
        query.setPeerHostName("fe80::1%lo")
    else:
        query = qt.QNetworkProxyQuery("fe80::1%lo", 80)
    assert query.peerHostName() == "fe80::1%lo"
    assert qt.QHostAddress(query.peerHostName()).scopeId() == "lo"


@pytest.mark.qnet("Qt reads system proxies differently on each platform")
def test_a_proxy_of_the_environment_keeps_the_scope_of_its_address(qt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://[fe80::1%25lo]:3128")
    (proxy,) = qt.QNetworkProxyFactory.systemProxyForQuery(qt.QNetworkProxyQuery("target.test", 80))
    assert (proxy.hostName(), proxy.port()) == ("fe80::1%lo", 3128)


@pytest.mark.qnet("the pool is qnet's own; Qt's has as many threads")
def test_twenty_names_are_looked_up_at_once() -> None:
    """Where a name server is silent each takes seconds, and with eight threads all others waited longer than in Qt."""
    together = threading.Barrier(20)

    def lookup(name: str) -> Answer:
        together.wait(30)
        return Answer(())

    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    resolver = Resolver(lookup)
    for number in range(20):
        resolver.submit(f"h{number}.test", answers.put)
    assert [answers.get(timeout=60) for _ in range(20)] == [Answer(())] * 20


@pytest.mark.qnet("Qt answers such a token with an empty one")
def test_what_is_wrong_with_a_token_of_ntlm_is_said() -> None:
    """It was "NTLM failed (error)", after the class of that name in the module struct."""
    authenticator = QAuthenticator()
    authenticator.setUser("u")
    authenticator.setPassword("p")
    session = AuthSession("proxy.test", authenticator)
    session.challenged([b"NTLM"])
    answer = session.header("CONNECT", "target.test:80")
    with pytest.raises(AuthError, match=r"^NTLM failed at the other side's token \([a-z]+\.[A-Za-z.]+\)$"):
        session.challenged([b"NTLM AAAA"], answer)

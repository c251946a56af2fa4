"""QTcpSocket while it negotiates with a proxy: time, logins, ends in every way, threads, and nothing left behind."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
from _peers import (
    ABORTED,
    CONNECTED,
    CONNECTING,
    LOCAL_CLOSE,
    Begins,
    Trace,
    accept,
    port_of,
    raw_listener,
    short,
)
from _proxied import (
    BY_NAME,
    FAILED,
    GREETING,
    NAME,
    PORT,
    REQUEST,
    SILENCE,
    TARGET,
    asker,
    assert_nothing_is_left,
    client,
    proxy_at,
    run,
    settle,
)
from _socks_proxies import (
    GRANTED,
    LOGIN,
    NO_LOGIN,
    NO_METHOD,
    REFUSED,
    TAKEN,
    ScriptedProxy,
    refused,
)

# --- time ------------------------------------------------------------------------------------------------------------


def test_wait_for_connected(qt: Any, app: Any) -> None:
    for target, before in ((TARGET, CONNECTING), (NAME, BY_NAME)):
        with ScriptedProxy([LOGIN, ("trickle", TAKEN), ("trickle", GRANTED)]) as script:
            sock, trace = client(qt, proxy_at(qt, script.port, "u", "p"))
            sock.connectToHost(target, PORT)
            assert sock.waitForConnected(30_000)
            assert trace == [*before, "state:Connected", "connected@Connected"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([NO_LOGIN, refused(5)], "ConnectionRefused"),
        ([("close",)], "ProxyConnectionClosed"),
        ([b"xyz"], "ProxyProtocol"),
        ([NO_METHOD], "ProxyAuthenticationRequired"),
    ],
)
@pytest.mark.parametrize("wait", ["waitForConnected", "waitForReadyRead", "waitForDisconnected"])
def test_waits_that_fail(qt: Any, app: Any, script: list[Any], error: str, wait: str) -> None:
    with ScriptedProxy(script) as proxy:
        sock, trace = client(qt, proxy_at(qt, proxy.port))
        sock.connectToHost(TARGET, PORT)
        assert not getattr(sock, wait)(30_000)
        assert trace == [*CONNECTING, FAILED, f"error:{error}@Unconnected"]
        qt.spin(10)
        assert len(trace) == 5


@pytest.mark.parametrize("target", [TARGET, NAME])
def test_a_silent_proxy_in_a_wait(qt: Any, app: Any, target: str) -> None:
    with raw_listener() as silent:
        sock, trace = client(qt, proxy_at(qt, port_of(silent)))
        sock.connectToHost(target, PORT)
        trace.clear()
        start = time.monotonic()
        assert not sock.waitForConnected(100)
        assert 0.098 < time.monotonic() - start < 25  # the proxy itself has 30 s
        assert (short(sock.error()), sock.errorString()) == ("SocketTimeout", Begins("Socket operation timed out"))
        assert short(sock.state()) == "Unconnected"
        # Whoever waited for an address of its own knows; with a name it is said, too.
        assert ("error:SocketTimeout@Unconnected" in trace) == (target == NAME)


def test_a_wait_then_the_loop(qt: Any, app: Any) -> None:
    """A wait that is over early in another way than a time-out does not disturb what is under way."""
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED)]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        assert not sock.waitForBytesWritten(1000)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED


@pytest.mark.qnet("Qt gives up after 30 s with SocketTimeoutError, or never")
@pytest.mark.parametrize("way", ["loop", "wait"])
@pytest.mark.parametrize("script", [SILENCE, [b"\5"], [NO_LOGIN], [NO_LOGIN, GRANTED[:5]]])
def test_a_silent_proxy_is_given_up(
    qt: Any, app: Any, script: list[Any], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qnet.socket import _negotiation

    assert _negotiation.HANDSHAKE_LIMIT == 30
    monkeypatch.setattr(_negotiation, "HANDSHAKE_LIMIT", 0.05)
    with ScriptedProxy(script) as proxy:
        sock, trace = client(qt, proxy_at(qt, proxy.port))
        sock.connectToHost(TARGET, PORT)
        if way == "wait":
            assert not sock.waitForConnected(30_000)
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, FAILED, "error:ProxyConnectionTimeout@Unconnected"]
        assert sock.errorString() == Begins("Connection to proxy timed out: connecting to 10.9.8.7:80 through")


# --- logging in ------------------------------------------------------------------------------------------------------


def test_user_and_password_of_the_proxy(qt: Any, app: Any) -> None:
    with ScriptedProxy([LOGIN, TAKEN, GRANTED]) as script:
        _, trace = run(qt, script, user="ü", password="p")
        assert trace == CONNECTED
        assert script.heard()[0][1:] == [b"\1\1\xfc\1p", REQUEST]


@pytest.mark.parametrize("refusal", [[NO_METHOD], [LOGIN, REFUSED]])
def test_the_program_is_asked_until_it_is_right(qt: Any, app: Any, refusal: list[bytes]) -> None:
    with ScriptedProxy(refusal, refusal, [LOGIN, TAKEN, GRANTED]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, "u", "bad"))
        asker(sock, trace, ("u", "worse"), ("v", "good"))
        sock.connectToHost(TARGET, PORT)
        assert settle(qt, sock) == "Connected"
        asked = ["ask:u/bad", "ask:u/worse"]
        assert trace == [*CONNECTING, *asked, "state:Connected", "connected@Connected"]
        assert sock.proxy().user() == "u"
        assert script.heard()[2][1:3] == [b"\1\1v\4good", REQUEST]


@pytest.mark.parametrize("refusal", [[NO_METHOD], [LOGIN, REFUSED]])
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_nothing_to_answer_ends_it(qt: Any, app: Any, refusal: list[bytes], way: str) -> None:
    with ScriptedProxy(refusal) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, "u", "bad"))
        asker(sock, trace)
        sock.connectToHost(TARGET, PORT)
        if way == "wait":
            assert not sock.waitForConnected(30_000)
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, "ask:u/bad", FAILED, "error:ProxyAuthenticationRequired@Unconnected"]
        assert sock.errorString() == Begins("Proxy authentication failed")
        assert len(script.heard()) == 1


@pytest.mark.qnet("Qt tries the same credentials for ever")
def test_the_same_credentials_are_no_answer(qt: Any, app: Any) -> None:
    with ScriptedProxy([LOGIN, REFUSED]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, "u", "bad"))
        asker(sock, trace, *[("u", "bad")] * 5)
        sock.connectToHost(TARGET, PORT)
        assert settle(qt, sock) == "Unconnected"
        assert trace[3:] == ["ask:u/bad", FAILED, "error:ProxyAuthenticationRequired@Unconnected"]


@pytest.mark.qnet("Qt offers only the login, which such a proxy refuses")
def test_a_login_that_the_proxy_does_not_want(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        _, trace = run(qt, script, user="u", password="p")
        assert trace == CONNECTED
        assert script.heard()[0] == [b"\5\2\0\2", REQUEST]


def in_the_slot(qt: Any, act: Callable[[Any, Any], None]) -> tuple[Any, Trace, ScriptedProxy]:
    """Do something in a slot of proxyAuthenticationRequired; the socket, its trace and the proxy."""
    script = ScriptedProxy([NO_METHOD], [LOGIN, TAKEN, GRANTED])
    sock, trace = client(qt, proxy_at(qt, script.port))
    sock.proxyAuthenticationRequired.connect(lambda proxy, authenticator: act(sock, authenticator))
    sock.connectToHost(TARGET, PORT)
    return sock, trace, script


def give(authenticator: Any) -> None:
    authenticator.setUser("u")
    authenticator.setPassword("p")


def test_a_dialog_in_the_slot(qt: Any, app: Any) -> None:
    def act(sock: Any, authenticator: Any) -> None:
        qt.spin(50)
        assert short(sock.state()) == "Connecting"
        give(authenticator)

    sock, trace, script = in_the_slot(qt, act)
    with script:
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED


@pytest.mark.qnet("Qt crashes, or goes on")
@pytest.mark.parametrize("ending", ["abort", "close", "disconnectFromHost", "waitForConnected", "deleteLater", "raise"])
def test_things_done_in_the_slot(qt: Any, app: Any, ending: str, slot_errors: list[Any]) -> None:
    def act(sock: Any, authenticator: Any) -> None:
        if ending == "raise":
            raise RuntimeError("in the slot")
        give(authenticator)
        if ending == "deleteLater":
            sock.deleteLater()
            qt.process()
            qt.QCoreApplication.sendPostedEvents(sock, qt.QEvent.Type.DeferredDelete.value)
        else:
            assert not getattr(sock, ending)()

    sock, trace, script = in_the_slot(qt, act)
    with script:
        if ending == "deleteLater":
            assert qt.wait(lambda: sock.socketDescriptor() == -1 and not sock._q_way)
            assert len(script.heard()) == 1
            return
        assert qt.wait(lambda: short(sock.state()) in ("Unconnected", "Connected"))
        if ending == "abort":
            assert trace[3:] == ["aboutToClose@Connecting", FAILED, "readChannelFinished@Unconnected"]
            assert len(script.heard()) == 1
        elif ending == "raise":
            assert trace[3:] == [FAILED, "error:ProxyAuthenticationRequired@Unconnected"]
            assert [str(error) for error in slot_errors] == ["in the slot"]
        elif ending == "waitForConnected":
            assert trace == CONNECTED
        else:
            assert qt.wait(lambda: short(sock.state()) == "Unconnected")
            assert "connected@Connected" in trace
            assert trace[-4:] == LOCAL_CLOSE


# --- ending while it negotiates --------------------------------------------------------------------------------------


def test_abort_while_negotiating(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        assert qt.wait(lambda: script.so_far() == [[GREETING, REQUEST]])
        assert (sock.isValid(), sock.socketDescriptor()) == (True, -1)
        trace.clear()
        sock.abort()
        assert trace == [*[s.replace("@Connected", "@Connecting") for s in ABORTED[:1]], *ABORTED[1:3]]
        qt.spin(20)
        assert len(trace) == 3
        assert qt.wait(lambda: len(script.so_far()[0]) == 3)
        assert script.heard()[0][2] in (b"", b"reset")


def test_disconnect_while_negotiating_waits(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED)]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        sock.write(b"words")
        sock.disconnectFromHost()
        assert short(sock.state()) == "Connecting"
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace == [*CONNECTED, *LOCAL_CLOSE]
        assert qt.wait(lambda: len(script.so_far()[0]) == 4)
        assert script.heard()[0][2:] == [b"words", b""]


@pytest.mark.parametrize("way", ["deleteLater", "parent", "dropped"])
def test_deletion_while_negotiating(qt: Any, app: Any, way: str) -> None:
    with ScriptedProxy([NO_LOGIN]) as script:
        parent = qt.QObject()
        sock = qt.QTcpSocket(parent if way == "parent" else None)
        sock.setProxy(proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        assert qt.wait(lambda: script.so_far() == [[GREETING, REQUEST]])
        if way == "deleteLater":
            sock.deleteLater()
        elif way == "parent":
            parent.deleteLater()
        elif qt.is_qnet:
            sock.abort()  # what connects is in use, and lives on without a reference
        del sock, parent
        qt.process()
        assert qt.wait(lambda: len(script.so_far()[0]) == 3)
        connection = script.heard()[0]
        assert (connection[:2], len(connection)) == ([GREETING, REQUEST], 3)
        assert connection[2] in (b"", b"reset")


@pytest.mark.qnet("Qt's socket does not survive that")
@pytest.mark.parametrize("stage", ["proxy look-up", "connecting", "negotiating"])
def test_moved_to_another_thread(qt: Any, app: Any, stage: str) -> None:
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED + b"hello")]) as script:
        proxy = proxy_at(qt, script.port)
        if stage == "proxy look-up":
            proxy.setHostName("localhost")
        sock = qt.QTcpSocket()
        sock.setProxy(proxy)
        seen: list[Any] = []
        thread = qt.QThread()
        thread.start()
        sock.readyRead.connect(lambda: seen.append(qt.QThread.currentThread()))
        sock.connectToHost(TARGET, PORT)
        negotiation = sock._q_way._negotiation
        if stage == "negotiating":
            assert qt.wait(lambda: negotiation._engine is not None)
        assert sock.moveToThread(thread)
        assert qt.wait(lambda: bool(seen))
        assert seen[0] is thread
        sock.deleteLater()
        del sock
        thread.quit()
        assert thread.wait(30_000)


@pytest.mark.qnet("the slot runs in the thread of the socket")
def test_moved_in_the_slot_that_is_asked(qt: Any, app: Any) -> None:
    thread = qt.QThread()
    thread.start()
    seen: list[Any] = []

    def act(sock: Any, authenticator: Any) -> None:
        give(authenticator)
        sock.connected.connect(lambda: seen.append(qt.QThread.currentThread()))
        assert sock.moveToThread(thread)
        time.sleep(0.05)  # the other thread has time to begin

    sock, _, script = in_the_slot(qt, act)
    with script:
        assert qt.wait(lambda: bool(seen))
        assert seen == [thread]
        sock.deleteLater()
        del sock
        thread.quit()
        assert thread.wait(30_000)


def test_without_an_event_loop(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED, b"answer"]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(NAME, PORT)
        sock.write(b"question")
        assert sock.waitForReadyRead(30_000)
        assert sock.readAll() == b"answer"
        sock.disconnectFromHost()
        assert trace[2:4] == ["state:Connected", "connected@Connected"]


# --- nothing stays ---------------------------------------------------------------------------------------------------


def alive() -> dict[str, int]:
    """How many objects of the classes that take part there are."""
    from qnet.socket._connecting import Connecting
    from qnet.socket._negotiation import Negotiation
    from qnet.socket._proxying import ProxiedConnecting
    from qnet.socket.abstractsocket import QAbstractSocket
    from qnet.socket.engines._handshake import ProxyHandshake
    from qnet.socket.engines.native import QNativeSocketEngine

    kinds = (QAbstractSocket, ProxiedConnecting, Connecting, Negotiation, ProxyHandshake, QNativeSocketEngine)
    return {kind.__name__: sum(isinstance(each, kind) for each in gc.get_objects()) for kind in kinds}


@pytest.mark.qnet("counts qnet's objects")
@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ([NO_LOGIN, GRANTED], "Connected"),
        ([NO_LOGIN, refused(5)], "Unconnected"),
        ([NO_METHOD], "Unconnected"),
        ([b"garbage"], "Unconnected"),
        ([("close",)], "Unconnected"),
        ([NO_LOGIN], "Connecting"),
    ],
)
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_nothing_is_left_of_hundreds(qt: Any, app: Any, script: list[Any], ends: str, way: str) -> None:
    def once(proxy: ScriptedProxy) -> None:
        sock = qt.QTcpSocket()
        sock.setProxy(proxy_at(qt, proxy.port))
        sock.proxyAuthenticationRequired.connect(lambda *_: None)
        sock.connectToHost(TARGET, PORT)
        if way == "wait":
            sock.waitForConnected(30_000 if ends != "Connecting" else 2)
        elif ends != "Connecting":
            assert settle(qt, sock) == ends
        else:
            qt.spin(2)
        sock.abort()

    with ScriptedProxy(script) as proxy:
        assert_nothing_is_left(lambda: once(proxy), alive)


@pytest.mark.qnet("it takes qnet's engine to make the system refuse bytes")
def test_a_proxy_that_takes_no_more_bytes(qt: Any, app: Any) -> None:
    """The handshake's own bytes wait like any others."""
    from qnet.socket import _negotiation

    with raw_listener() as listener:
        sock, _ = client(qt, proxy_at(qt, port_of(listener)))
        sock.connectToHost(TARGET, PORT)
        assert qt.wait(lambda: bool(sock._q_way._negotiation._engine))
        negotiation = sock._q_way._negotiation
        assert isinstance(negotiation, _negotiation.Negotiation)
        peer = accept(listener)
        engine = negotiation._engine
        for _ in range(100):  # what is on its way to the peer may make room after all
            with pytest.raises(BlockingIOError):
                while True:
                    engine.send(bytes(1 << 20))
            negotiation._wire = b"the handshake"
            negotiation._send()
            if negotiation._wire:
                break
        assert bytes(negotiation._wire) == b"the handshake"
        read = bytearray()
        peer.setblocking(False)

        def drained() -> bool:
            try:
                while data := peer.recv(1 << 20):
                    read.extend(data[-20:])
            except BlockingIOError:
                pass
            return read.endswith(b"the handshake")

        assert qt.wait(drained)

"""recv and send of the hot path, with the C module and without: the same results, types and errors."""

from __future__ import annotations

import array
import errno
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qnet.core.bytearray import QByteArrayView
from qnet.socket.engines import _system_calls

WAYS = {"python": _system_calls._python_calls}
if _system_calls.COMPILED:
    WAYS["compiled"] = _system_calls._compiled_calls
compiled_only = pytest.mark.skipif(not _system_calls.COMPILED, reason="the C module is not in use")


@pytest.fixture(params=WAYS)
def calls_of(request: pytest.FixtureRequest) -> Any:
    return WAYS[request.param]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


Pair = tuple[socket.socket, socket.socket]
Way = Callable[[socket.socket], Any]


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 1000, 65535, 65536])
@pytest.mark.parametrize("room", [0, 1, 65536])
def test_receiving(calls_of: Way, pair: Pair, count: int, room: int) -> None:
    near, far = pair
    sent = os.urandom(count)
    far.sendall(sent)
    receive, _ = calls_of(near)
    if not count and room:
        with pytest.raises(BlockingIOError):
            receive(room)
        return
    expected = sent[:room]
    got = receive(room)
    assert got == expected
    assert hash(got) == hash(expected)
    assert QByteArrayView(got) == expected
    assert bytes(got) == expected


def test_the_end_is_empty(calls_of: Way, pair: Pair) -> None:
    near, far = pair
    far.close()
    assert calls_of(near)[0](100) == b""


@pytest.mark.parametrize("data", [b"", b"abc", bytearray(b"abc"), memoryview(b"xabcx")[1:4], array.array("B", b"abc")])
def test_sending(calls_of: Way, pair: Pair, data: Any) -> None:
    near, far = pair
    assert calls_of(near)[1](data) == len(data)
    near.close()
    assert far.recv(10) == bytes(data)


def test_sending_until_the_system_refuses(calls_of: Way, pair: Pair) -> None:
    _, send = calls_of(pair[0])
    with pytest.raises(BlockingIOError):
        while True:
            assert send(bytes(100_000)) > 0


@pytest.mark.parametrize("bad", [-1, None, "10", 2**80])
def test_sizes_that_are_none(calls_of: Way, pair: Pair, bad: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        calls_of(pair[0])[0](bad)


@pytest.mark.parametrize("bad", ["text", 3, None, memoryview(b"abcdef")[::2]])
def test_data_that_is_none(calls_of: Way, pair: Pair, bad: Any) -> None:
    with pytest.raises((TypeError, BufferError)):
        calls_of(pair[0])[1](bad)


def test_a_peer_that_is_gone_is_an_error_and_no_signal(calls_of: Way, pair: Pair) -> None:
    near, far = pair
    _, send = calls_of(near)
    far.close()
    with pytest.raises(BrokenPipeError):
        send(b"x")


@compiled_only
def test_a_descriptor_that_is_closed_is_an_error(pair: Pair) -> None:
    near, _ = pair
    receive, send = _system_calls._compiled_calls(near)
    near.close()
    for call in (lambda: receive(10), lambda: send(b"x")):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == errno.EBADF


@compiled_only
def test_what_is_received_is_a_view_at_once(pair: Pair) -> None:
    near, far = pair
    receive, _ = _system_calls._compiled_calls(near)
    far.sendall(b"12345 lines\n")
    got = receive(5)
    assert type(got) is QByteArrayView
    assert (got.toInt(), int(got), float(got)) == ((12345, True), 12345, 12345.0)  # they need the zero after the end
    rest = receive(100)
    assert rest.endsWith(b"\n")
    assert rest + b"!" == b" lines\n!"
    assert not gc.is_tracked(got)


@compiled_only
def test_only_classes_that_are_laid_out_as_bytes_will_do() -> None:
    from qnet.socket.engines._wire import receiver, sender

    class WithAttributes(bytes):
        pass

    for kind in (WithAttributes, bytes, bytearray, str, object):
        with pytest.raises(TypeError, match="not laid out as bytes"):
            receiver(0, kind)  # type: ignore[arg-type]  # that is what is tried
    for arguments in ((), ("0", QByteArrayView), (0, 0), (2**40, QByteArrayView)):
        with pytest.raises((TypeError, OverflowError)):
            receiver(*arguments)
    with pytest.raises(TypeError):
        sender("0")  # type: ignore[arg-type]  # the same


@compiled_only
def test_nothing_leaks(pair: Pair) -> None:
    near, far = pair

    def everything() -> None:
        receive, send = _system_calls._compiled_calls(near)
        far.send(b"x" * 5000)
        receive(3000), receive(5000), send(b"x" * 5000), far.recv(9000)
        for call in (lambda: receive(70000), lambda: send(None)):  # pytest.raises() would keep something itself
            try:
                call()
            except (BlockingIOError, TypeError):
                continue
            raise AssertionError("an error was expected")

    references = sys.getrefcount(QByteArrayView)
    tracemalloc.start()
    try:
        for turn in range(1500):
            if turn == 500:
                before = tracemalloc.get_traced_memory()[0]
            everything()
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()
    assert abs(sys.getrefcount(QByteArrayView) - references) < 10


def test_other_threads_run_while_it_waits(calls_of: Way) -> None:
    near, far = socket.socketpair()
    with near, far:
        receive, _ = calls_of(near)
        other = threading.Timer(0.05, far.sendall, [b"late"])
        other.start()
        try:
            assert receive(10) == b"late"
        finally:
            other.join()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
def test_a_signal_while_it_waits(calls_of: Way) -> None:
    """Its handler runs; the call goes on unless the handler raises."""
    near, far = socket.socketpair()
    calls = []

    def first(number: int, frame: object) -> None:
        calls.append(number)
        signal.signal(signal.SIGALRM, second)

    def second(number: int, frame: object) -> None:
        raise ZeroDivisionError

    before = signal.signal(signal.SIGALRM, first)
    with near, far:
        receive, _ = calls_of(near)
        try:
            with pytest.raises(ZeroDivisionError):
                signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
                receive(10)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    assert calls == [signal.SIGALRM]


def test_the_variable_leaves_it_out() -> None:
    code = "from qnet.socket.engines import _system_calls as s; print(s.COMPILED, s.calls_of is s._python_calls)"
    environment = {**os.environ, "QNET_PURE_PYTHON": "1"}
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout == "False True\n"

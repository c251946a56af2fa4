"""Two connected sockets go through random sequences of everything, and a model says whether what they do is right."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _fuzz import EXAMPLES, fuzz
from _socket_model import SIGNALS, QtEnd, World
from _wreckage import nothing_left
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

USUAL_EXAMPLES = 200

# Whoever connects anew in a slot of the other two will hear the rest of what they begin.
RECONNECTING_SIGNALS = [s for s in SIGNALS if s not in ("aboutToClose", "readChannelFinished")]

sizes = st.one_of(
    st.integers(0, 300), st.sampled_from([0, 1, 1000, 4096, 4097, 32767, 32768, 65536, 65537, 262144, 1 << 20])
)
ends = st.sampled_from(["near", "near", "far"])
limits = st.sampled_from([0, 1, 2, 100, 4096, 65536])
milliseconds = st.sampled_from([0, 0, 1, 2])
reads = st.sampled_from(["read", "readAll", "peek", "skip", "readLine", "canReadLine"])
finishes = st.sampled_from(["disconnect", "disconnect", "close", "abort", "reset", "half", "delete"])
waits = st.sampled_from(["ReadyRead", "BytesWritten", "Disconnected"])


class Conversation(RuleBasedStateMachine):
    """The rules. None has a precondition, and what is drawn depends on nothing that real sockets do."""

    def __init__(self, qt: Any, kind: str, plain_peer: bool) -> None:
        super().__init__()
        self.qt = qt
        self.kind = kind
        self.plain_peer = plain_peer
        self.world: World

    @initialize(watch=st.tuples(st.booleans(), st.booleans()), blocking=st.sampled_from([False, False, True]))
    def begin(self, watch: tuple[bool, bool], blocking: bool) -> None:
        self.world = World(self.qt, self.kind, plain_peer=self.plain_peer, watch_writes=watch)
        self.world.blocking = blocking
        self.reopen(False, 0)

    def qt_end(self, name: str) -> QtEnd:
        end = getattr(self.world, name)
        return end if isinstance(end, QtEnd) else self.world.near

    # -- data

    @rule(end=ends, count=sizes, kind=st.sampled_from([bytes, bytearray, memoryview]))
    def write(self, end: str, count: int, kind: Callable[[bytes], Any]) -> None:
        writer = getattr(self.world, end)
        writer.write(count, kind) if isinstance(writer, QtEnd) else writer.write(count)
        self.world.check()

    @rule(end=ends, how=reads, count=sizes)
    def read(self, end: str, how: str, count: int) -> None:
        reader = getattr(self.world, end)
        reader.read(how, count) if isinstance(reader, QtEnd) else reader.read(max(1, count))
        self.world.check()

    @rule(end=ends, byte=st.sampled_from([b"x", b"\n", b"\0"]))
    def unget(self, end: str, byte: bytes) -> None:
        self.qt_end(end).unget(byte)
        self.world.check()

    @rule(end=ends, how=st.sampled_from(["start", "rollback", "commit"]))
    def transaction(self, end: str, how: str) -> None:
        self.qt_end(end).transaction(how)
        self.world.check()

    @rule(end=ends)
    def flush(self, end: str) -> None:
        self.qt_end(end).flush()
        self.world.check()

    # -- settings

    @rule(end=ends, size=limits)
    def limit(self, end: str, size: int) -> None:
        self.qt_end(end).set_limit(size)
        self.world.check()

    @rule(
        end=ends,
        option=st.sampled_from(["LowDelayOption", "KeepAliveOption", "SendBufferSize"]),
        value=st.sampled_from([0, 1, 65536]),
    )
    def option(self, end: str, option: str, value: int) -> None:
        self.qt_end(end).set_option(option, value)
        self.world.check()

    # -- time

    @rule(how=st.sampled_from(["events", "exec", "exec for a while"]), times=st.integers(1, 4))
    def turn(self, how: str, times: int) -> None:
        for _ in range(times):
            self.world.turn(how)
            self.world.check()

    @rule(end=ends, what=waits, limit=milliseconds)
    def wait(self, end: str, what: str, limit: int) -> None:
        self.qt_end(end).wait(what, limit)
        self.world.check()

    @rule()
    def settle(self) -> None:
        self.world.settle()

    # -- beginnings and ends

    @rule(end=ends, how=finishes)
    def finish(self, end: str, how: str) -> None:
        ending = getattr(self.world, end)
        ending.finish("disconnect" if how == "half" and isinstance(ending, QtEnd) else how)
        self.world.check()

    @rule(by_waiting=st.booleans(), early=sizes)
    def reopen(self, by_waiting: bool, early: int) -> None:
        self.world.reopen(by_waiting=by_waiting, early=early)
        self.world.check()

    # -- slots

    @rule(end=ends, signal=st.sampled_from(SIGNALS), count=sizes, how=reads)
    def read_in_slot(self, end: str, signal: str, count: int, how: str) -> None:
        reader = self.qt_end(end)
        reader.plan(signal, lambda: reader.read(how, count))

    @rule(end=ends, signal=st.sampled_from(SIGNALS), count=sizes)
    def write_in_slot(self, end: str, signal: str, count: int) -> None:
        writer = self.qt_end(end)
        writer.plan(signal, lambda: writer.write(count))

    @rule(end=ends, signal=st.sampled_from(SIGNALS), how=st.sampled_from(["disconnect", "close", "abort", "delete"]))
    def finish_in_slot(self, end: str, signal: str, how: str) -> None:
        ending = self.qt_end(end)
        ending.plan(signal, lambda: ending.finish(how))

    @rule(end=ends, signal=st.sampled_from(SIGNALS), what=waits, limit=milliseconds)
    def wait_in_slot(self, end: str, signal: str, what: str, limit: int) -> None:
        waiting = self.qt_end(end)
        waiting.plan(signal, lambda: waiting.wait(what, limit))

    @rule(end=ends, signal=st.sampled_from(SIGNALS))
    def turn_in_slot(self, end: str, signal: str) -> None:
        self.qt_end(end).plan(signal, lambda: self.world.turn("exec"))

    @rule(end=ends, signal=st.sampled_from(SIGNALS), size=limits)
    def limit_in_slot(self, end: str, signal: str, size: int) -> None:
        reader = self.qt_end(end)
        reader.plan(signal, lambda: reader.set_limit(size))

    @rule(end=ends, signal=st.sampled_from(RECONNECTING_SIGNALS), by_waiting=st.booleans())
    def reopen_in_slot(self, end: str, signal: str, by_waiting: bool) -> None:
        self.qt_end(end).plan(signal, lambda: self.world.reopen(by_waiting=by_waiting, early=10, in_slot=True))

    @rule(end=ends, signal=st.sampled_from(SIGNALS))
    def flush_in_slot(self, end: str, signal: str) -> None:
        writer = self.qt_end(end)
        writer.plan(signal, writer.flush)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finish()


@pytest.fixture
def quiet(qt: Any, app: Any) -> Iterator[None]:
    """Calls that do not fit the state print warnings by design."""
    previous = qt.qInstallMessageHandler(lambda *_: None)
    yield
    qt.qInstallMessageHandler(previous)


@pytest.mark.parametrize("plain_peer", [False, True], ids=["both Qt's", "plain peer"])
@pytest.mark.parametrize("kind", ["tcp", "local"])
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("quiet")
def test_fuzz_conversation(qt: Any, kind: str, plain_peer: bool) -> None:
    """The suite runs the same examples every time; a longer run looks for new ones."""
    long = EXAMPLES != USUAL_EXAMPLES
    how = settings(fuzz, max_examples=max(1, EXAMPLES // 5), stateful_step_count=40, derandomize=not long)
    with nothing_left() if qt.is_qnet else contextlib.nullcontext():
        run_state_machine_as_test(lambda: Conversation(qt, kind, plain_peer), settings=how)

"""The resolver under QHostInfo and sockets: its cache with a clock of our own, its threads, merging, cancelling."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel import _resolver
from qnet.kernel._resolver import CACHE_SECONDS, CACHE_SIZE, Answer, Resolver
from qnet.kernel.hostaddress import QHostAddress

FOUND = Answer((QHostAddress("10.0.0.1"),))
FAILED = Answer((), 1, "Host not found")


class Gate:
    """A look-up function that answers when it is told to, and counts."""

    def __init__(self, answer: Answer = FOUND) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.running = 0
        self.most = 0
        self.begun: queue.Queue[str] = queue.Queue()
        self._open = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Answer:
        with self._lock:
            self.asked.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        self.begun.put(name)
        assert self._open.wait(60)
        with self._lock:
            self.running -= 1
        return self.answer

    def open(self) -> None:
        self._open.set()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def until(condition: Callable[[], Any]) -> None:
    """Wait for what another thread does just after its callback, which nothing announces."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


def answers(count: int, answered: queue.Queue[Any]) -> list[Any]:
    return [answered.get(timeout=60) for _ in range(count)]


def test_answers_expire_after_a_minute() -> None:
    clock = Clock()
    resolver = Resolver(lambda name: FOUND, clock=clock)
    assert resolver.cached("a.test") is None
    resolver.look_up("A.Test")
    assert resolver.cached("a.test") == FOUND
    clock.now += CACHE_SECONDS - 0.001
    assert resolver.cached("a.test") == FOUND
    clock.now += 0.001
    assert resolver.cached("a.test") is None


def test_failures_are_not_kept() -> None:
    resolver = Resolver(lambda name: FAILED)
    assert resolver.look_up("a.test") == FAILED
    assert resolver.cached("a.test") is None
    assert resolver.cached("") is None


def test_the_cache_keeps_what_was_used_last() -> None:
    resolver = Resolver(lambda name: FOUND)
    for number in range(CACHE_SIZE):
        resolver.look_up(f"n{number}.test")
    assert resolver.cached("n0.test") is not None
    resolver.look_up("one-more.test")
    assert resolver.cached("n0.test") is not None
    assert resolver.cached("n1.test") is None
    assert len(resolver._cache) == CACHE_SIZE


def test_spellings_share_an_answer() -> None:
    resolver = Resolver(lambda name: FOUND)
    resolver.look_up("B\u00dcCHER.test")
    resolver.look_up("127.1")
    for same in ("b\u00fccher.test", "xn--bcher-kva.test", "127.0.0.1"):
        assert resolver.cached(same) == FOUND
    assert resolver.cached("b\u00fccher.test.") is None


def test_the_pool_is_bounded_and_every_look_up_is_answered() -> None:
    gate = Gate()
    resolver = Resolver(gate, threads=3)
    answered: queue.Queue[Any] = queue.Queue()
    for number in range(1000):
        resolver.submit(f"n{number}.test", answered.put)
    for _ in range(3):
        gate.begun.get(timeout=60)
    assert gate.running == 3
    gate.open()
    assert answers(1000, answered) == [FOUND] * 1000
    assert (gate.most, len(gate.asked), resolver._pending) == (3, 1000, {})


def test_no_thread_before_and_none_after_the_work() -> None:
    resolver = Resolver(lambda name: FOUND, idle=0.0)
    assert resolver._threads == 0
    answered: queue.Queue[Any] = queue.Queue()
    for number in range(20):
        resolver.submit(f"n{number}.test", answered.put)
        answers(1, answered)
    until(lambda: resolver._threads == 0)


def test_an_idle_thread_is_used_again() -> None:
    threads = set()

    def look_up(name: str) -> Answer:
        threads.add(threading.get_ident())
        return FOUND

    resolver = Resolver(look_up)
    answered: queue.Queue[Any] = queue.Queue()
    for number in range(20):
        resolver.submit(f"n{number}.test", answered.put)
        answers(1, answered)
        until(lambda: resolver._idle == 1)
    assert len(threads) == 1


def test_simultaneous_look_ups_are_merged() -> None:
    gate = Gate()
    resolver = Resolver(gate)
    answered: queue.Queue[Any] = queue.Queue()
    for name in ("a.test", "A.TEST", "a.test"):
        resolver.submit(name, answered.put)
    gate.open()
    assert answers(3, answered) == [FOUND] * 3
    assert gate.asked == ["a.test"]
    resolver.submit("a.test", answered.put)
    assert answered.get_nowait() == FOUND  # known: within the call
    assert gate.asked == ["a.test"]


def test_cancel() -> None:
    gate = Gate()
    resolver = Resolver(gate, threads=1)
    answered: queue.Queue[str] = queue.Queue()

    def submit(name: str, label: str) -> _resolver.Lookup:
        return resolver.submit(name, lambda answer: answered.put(label))

    begun = submit("begun.test", "begun")
    gate.begun.get(timeout=60)
    queued = submit("queued.test", "queued")
    one, _ = submit("shared.test", "one"), submit("shared.test", "other")
    for lookup in (begun, queued, one, one):
        lookup.cancel()
    submit("last.test", "last")
    gate.open()
    assert answers(2, answered) == ["other", "last"]
    assert gate.asked == ["begun.test", "shared.test", "last.test"]  # what nobody waits for is not begun
    assert resolver.cached("begun.test") == FOUND
    begun.cancel()


def test_what_goes_wrong_in_a_thread_is_an_answer_or_a_report(slot_errors: list[Any]) -> None:
    def look_up(name: str) -> Answer:
        if name == "bad.test":
            raise MemoryError("no room")
        return FOUND

    def fail(answer: Answer) -> None:
        raise ZeroDivisionError

    resolver = Resolver(look_up, threads=1)
    answered: queue.Queue[Any] = queue.Queue()
    resolver.submit("bad.test", answered.put)
    resolver.submit("good.test", fail)
    resolver.submit("good.test", answered.put)
    assert answers(2, answered) == [Answer((), 2, "MemoryError: no room"), FOUND]
    assert [type(error) for error in slot_errors] == [ZeroDivisionError]


def test_without_threads_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    answered: queue.Queue[Any] = queue.Queue()
    resolver = Resolver(lambda name: FOUND)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        resolver.submit("a.test", answered.put)
    answer = answered.get_nowait()
    assert (answer.error, "thread" in answer.text) == (2, True)
    resolver.submit("a.test", answered.put)
    assert answers(1, answered) == [FOUND]


@given(
    steps=st.lists(st.tuples(st.sampled_from(["submit", "cancel", "time"]), st.integers(0, 4)), max_size=30),
)
def test_every_look_up_calls_once_unless_cancelled(steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    gate = Gate()
    resolver = Resolver(gate, threads=2, idle=0.0, clock=clock)
    answered: queue.Queue[int] = queue.Queue()
    expected: dict[int, _resolver.Lookup] = {}
    for number, (step, place) in enumerate(steps):
        if step == "submit":
            expected[number] = resolver.submit(f"n{place}.test", lambda answer, number=number: answered.put(number))
        elif step == "cancel" and len(expected) > place:
            expected.pop(list(expected)[place]).cancel()
        else:
            clock.now += 40
    gate.open()
    assert sorted(answers(len(expected), answered)) == sorted(expected)
    until(lambda: not resolver._threads)
    assert answered.empty()
    assert (resolver._pending, list(resolver._queue), resolver._idle) == ({}, [], 0)


# What sockets use


def test_an_address_needs_no_look_up() -> None:
    answered: list[Any] = []
    _resolver.resolve("fe80::1%lo", lambda *answer: answered.append(answer)).cancel()
    assert [(addresses[0].toString(), error, text) for addresses, error, text in answered] == [("fe80::1%lo", 0, "")]
    known = _resolver.cached(" 127.1 ")
    assert known is not None
    assert known.addresses[0].toString() == "127.0.0.1"


def test_resolve_and_cached() -> None:
    answered: queue.Queue[Any] = queue.Queue()
    _resolver.resolve("localhost", lambda *answer: answered.put(answer))
    ((addresses, error, text),) = answers(1, answered)
    assert QHostAddress("127.0.0.1") in addresses
    assert (error, text) == (0, "")
    known = _resolver.cached("LOCALHOST")
    assert known is not None
    assert list(known.addresses) == addresses
    for name, why in (("", "No host name given"), ("a..b", "Invalid hostname")):
        _resolver.resolve(name, lambda *answer: answered.put(answer))
        assert answers(1, answered) == [([], 1, why)]


def python(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)


def test_a_look_up_that_hangs_does_not_keep_the_interpreter() -> None:
    code = (
        "import threading\n"
        "from qnet.kernel._resolver import Resolver\n"
        "begun = threading.Event()\n"
        "Resolver(lambda name: begun.set() or threading.Event().wait()).submit('a.test', print)\n"
        "begun.wait()\n"
        "print('end')"
    )
    result = python(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_look_ups_in_a_forked_child() -> None:
    code = (
        "import os, queue\n"
        "from qnet.kernel import _resolver\n"
        "def look_up():\n"
        "    answered = queue.Queue()\n"
        "    _resolver.resolve('localhost', lambda *answer: answered.put(answer))\n"
        "    return answered.get(timeout=60)[1]\n"
        "look_up()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(look_up())\n"
        "print(os.waitpid(child, 0)[1])"
    )
    assert python(f"import warnings; warnings.simplefilter('ignore')\n{code}").stdout == "0\n"


def test_importing_it_starts_no_thread_and_needs_no_idna() -> None:
    code = (
        "import sys, threading, qnet.kernel.hostinfo as h; h._resolver.cached('a.test')\n"
        "print(threading.active_count(), 'idna' in sys.modules)"
    )
    assert python(code).stdout == "1 False\n"

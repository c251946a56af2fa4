"""What must be left when a socket's life is over: nothing. And small peers for the stress tests."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from _leftovers import collect_leftovers

from qnet.core._thread_data import current
from qnet.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer

LOCALHOST = "127.0.0.1"


def descriptors() -> set[tuple[str, str]]:
    """The descriptors that the process has open, each with what it stands for: its number may come again."""
    found = set()
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with contextlib.suppress(OSError):  # the one that listed them, and what other threads close meanwhile
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return found


def no_more_descriptors_than(before: set[tuple[str, str]]) -> bool:
    """Turn the loop until what was opened since *before* is closed again: other threads may be at work on a look-up."""
    return turn_until(lambda: descriptors() <= before)


def turn(milliseconds: int = 0) -> None:
    """Turn the loop of this thread: until nothing is left to do at once, or for *milliseconds*."""
    if milliseconds:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()
        return
    for _ in range(4):
        QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def turn_until(condition: Callable[[], Any], seconds: float = 30.0) -> bool:
    """Turn the loop of this thread until *condition* holds; False if it never did."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        turn(2)
    return True


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """What was begun in this block is over at its end: no descriptor, no arrival, no queued call, no timer."""
    collect_leftovers()  # what other tests left to it must not go in the middle of this one
    turn()
    thread = current()
    dispatcher = QCoreApplication.eventDispatcher()
    assert dispatcher is not None
    before, watched = descriptors(), set(dispatcher.watched())
    timers = len(thread.timers)  # other tests of this process may have left some, and queued calls too
    queued = [entry for entry in thread.posted if entry.run is not None]

    def left() -> list[object]:
        new = [entry.run for entry in list(thread.posted) if entry.run is not None and entry not in queued]
        ticking = ["timers"] * (len(thread.timers) - timers)
        return [*descriptors() - before, *set(dispatcher.watched()) - watched, *thread.arrivals, *new, *ticking]

    yield
    turn()
    # No time is promised to what the kernel, or a thread that looks a name up, has still to say. A leak stays.
    turn_until(lambda: not left(), 10)
    assert left() == []


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Objects have to die with their last reference here."""
    collect_leftovers()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def dead(reference: weakref.ReferenceType[Any]) -> bool:
    """Whether the object is gone; if not, who refers to it is printed."""
    obj = reference()
    if obj is None:
        return True
    for referrer in gc.get_referrers(obj):
        if referrer is not sys._getframe():
            print("still referred to by", type(referrer), repr(referrer)[:200])
    return False


def turns(milliseconds: int) -> int:
    """How often the loop of this thread goes to sleep within *milliseconds*: thousands of times if it spins."""
    dispatcher = QCoreApplication.eventDispatcher()
    assert dispatcher is not None
    sleeps: list[int] = []
    connection = dispatcher.aboutToBlock.connect(lambda: sleeps.append(1))
    turn(milliseconds)
    dispatcher.aboutToBlock.disconnect(connection)
    return len(sleeps)


@contextlib.contextmanager
def listening(backlog: int = 64) -> Iterator[socket.socket]:
    """A listening kernel socket on the loopback."""
    with socket.socket() as listener:
        listener.settimeout(60)
        listener.bind((LOCALHOST, 0))
        listener.listen(backlog)
        yield listener

"""What ``os.fork()`` leaves in the child.

Only the thread that forked exists there; it is the main thread from then on. Descriptors of the system's are shared:
whoever unregisters a socket from an inherited epoll set takes it away from the parent. Therefore every dispatcher gives
up its descriptors in the child at once, without a word to the system, and the one that goes on makes new ones.

A child that goes on with what it finds (a program that becomes a daemon, say) keeps the application, its sockets, its
timers and what is queued; it may enter ``exec()`` although it was forked in a slot, below the parent's.

A child that makes an application of its own starts with an empty loop: it must not answer the parent's clients. What
it found is kept, unserved: to destroy it would run the parent's slots.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Any

from qnet.core import _thread_data
from qnet.core._thread_data import ThreadData
from qnet.core._timers import TimerQueue

__all__ = ["is_inherited", "leave_loops", "start_afresh"]

_inherited = False
_kept: list[Any] = []


def is_inherited() -> bool:
    """Whether the loops and the application of this process are those that its parent had."""
    return _inherited


def leave_loops(thread: ThreadData) -> None:
    """In a child: the parent's loops, below which it was forked, count no more."""
    global _inherited
    _inherited = False
    thread.loops = []
    thread.pass_left = thread.loop_level = thread.scope_level = 0
    thread.quitting = False


def start_afresh() -> None:
    """In a child: leave what the parent had, and begin with an empty loop."""
    thread = _thread_data.current()
    leave_loops(thread)
    _kept.append((thread.posted, thread.timers, thread.arrivals, thread.dispatcher))
    if thread.dispatcher is not None:
        thread.dispatcher.abandon()
    thread.posted, thread.timers, thread.arrivals, thread.dispatcher = deque(), TimerQueue(), {}, None


def _after_fork() -> None:
    global _inherited
    _inherited = True
    mine = _thread_data.become_main()
    for thread in _thread_data.every_thread():
        thread.lock = threading.RLock()  # somebody may have held the old one
        if thread is not mine:
            _give_up(thread)
    if mine.dispatcher is not None:
        mine.dispatcher.renew()


def _give_up(thread: ThreadData) -> None:
    if thread.ident > 0:
        thread.ident = 0
        thread.over = True
    dispatcher, thread.dispatcher = thread.dispatcher, None
    if dispatcher is not None:
        dispatcher.abandon()
        _kept.append(dispatcher)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

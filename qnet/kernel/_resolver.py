"""Host look-ups that block no event loop: a bounded pool of threads, a cache, and look-ups that are merged.

``getaddrinfo`` is the only resolver that knows what the administrator configured (nsswitch, mDNS, containers), and it
blocks. So it runs in daemon threads: none until somebody asks, at most :data:`THREADS`, ending after a while without
work. Being daemons they hold up no interpreter that wants to end, whatever the network does.

The invariants, all under one lock: a name is either not known, pending (one job, however many asked for it) or cached;
a job leaves ``_pending`` in the step that caches its answer, so that nobody can ask twice in between; callbacks run
outside of the lock, in the thread that found the answer.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from qnet.core import hooks
from qnet.kernel._resolver_system import NO_ERROR, UNKNOWN_ERROR, Answer, cache_key, literal, system_lookup
from qnet.kernel.hostaddress import QHostAddress

__all__ = ["Answer", "Lookup", "Resolver", "cached", "cached_info", "look_up", "lookup_info", "resolve"]

THREADS = 20  # as Qt
IDLE_SECONDS = 10.0
CACHE_SIZE = 128  # as Qt
CACHE_SECONDS = 60.0

AnswerCallback = Callable[[Answer], object]


class _Job:
    """One name that is being looked up, and who waits for it."""

    __slots__ = ("key", "lookups", "name")

    def __init__(self, key: str, name: str) -> None:
        self.key = key
        self.name = name
        self.lookups: list[Lookup] = []


class Lookup:
    """One caller's part in a look-up."""

    __slots__ = ("_callback", "_job", "_resolver")

    def __init__(self, resolver: Resolver | None = None, callback: AnswerCallback | None = None) -> None:
        self._resolver = resolver
        self._callback = callback
        self._job: _Job | None = None

    def cancel(self) -> None:
        """Do not call back any more, except if that is happening right now. May be called twice."""
        if self._resolver is not None:
            self._resolver._cancel(self)


class Resolver:
    """A pool, a cache and the look-ups under way. *lookup* answers one name and may block; *clock* tells seconds."""

    def __init__(
        self,
        lookup: Callable[[str], Answer] = system_lookup,
        threads: int = THREADS,
        idle: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = lookup
        self._max_threads = threads
        self._idle_seconds = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._wanted = threading.Condition(self._lock)
        self._queue: deque[_Job] = deque()
        self._pending: dict[str, _Job] = {}
        self._cache: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._threads = 0
        self._idle = 0

    def cached(self, name: str) -> Answer | None:
        """The answer for *name* if it is known; failures never are."""
        key = cache_key(name)
        with self._lock:
            return self._cached(key)

    def _cached(self, key: str) -> Answer | None:
        entry = self._cache.get(key)
        if entry is None:
            return None
        found_at, answer = entry
        if self._clock() - found_at >= CACHE_SECONDS:
            del self._cache[key]
            return None
        self._cache.move_to_end(key)
        return answer

    def _remember(self, key: str, answer: Answer) -> None:
        if answer.error == NO_ERROR:
            self._cache[key] = (self._clock(), answer)
            self._cache.move_to_end(key)
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)

    def look_up(self, name: str) -> Answer:
        """Look *name* up in this thread, without a look at the cache, and remember the answer there."""
        answer = self._answer(name)
        key = cache_key(name)
        with self._lock:
            self._remember(key, answer)
        return answer

    def submit(self, name: str, callback: AnswerCallback) -> Lookup:
        """Look *name* up and call ``callback(answer)`` once, in another thread, or right here if it is known."""
        key = cache_key(name) or name
        lookup = Lookup(self, callback)
        with self._lock:
            known = self._cached(key)
            if known is None:
                job = self._pending.get(key)
                if job is None:
                    job = self._pending[key] = _Job(key, name)
                    self._queue.append(job)
                lookup._job = job
                job.lookups.append(lookup)
                stranded = self._provide_thread()
        if known is not None:
            self._call([lookup], known)
        elif stranded:
            self._finish(stranded, Answer((), UNKNOWN_ERROR, "No thread can be started to look up a host"))
        return lookup

    def _provide_thread(self) -> list[_Job]:
        """See to it that a thread takes what is queued; returns the jobs that none will ever take."""
        if len(self._queue) <= self._idle:
            self._wanted.notify()
        elif self._threads < self._max_threads:
            self._threads += 1
            try:
                threading.Thread(target=self._work, name="qnet-resolver", daemon=True).start()
            except RuntimeError:  # out of threads, or the interpreter is ending
                self._threads -= 1
                if not self._threads:
                    stranded = list(self._queue)
                    self._queue.clear()
                    return stranded
        return []

    def _work(self) -> None:
        """What a thread of the pool does until it was idle for long enough."""
        while True:
            with self._lock:
                self._idle += 1
                self._wanted.wait_for(lambda: self._queue, self._idle_seconds)
                self._idle -= 1
                if not self._queue:
                    self._threads -= 1
                    return
                job = self._queue.popleft()
            self._finish([job], self._answer(job.name))

    def _answer(self, name: str) -> Answer:
        try:
            return self._look_up(name)
        except Exception as error:
            return Answer((), UNKNOWN_ERROR, f"{type(error).__name__}: {error}")

    def _finish(self, jobs: list[_Job], answer: Answer) -> None:
        with self._lock:
            lookups = []
            for job in jobs:
                del self._pending[job.key]
                self._remember(job.key, answer)
                lookups += job.lookups
                job.lookups.clear()
        self._call(lookups, answer)

    def _call(self, lookups: list[Lookup], answer: Answer) -> None:
        for lookup in lookups:
            with self._lock:
                callback, lookup._callback, lookup._job = lookup._callback, None, None
            if callback is None:
                continue
            try:
                callback(answer)
            except Exception as error:
                hooks.report(error, "a host look-up", callback, emitted=False)

    def _cancel(self, lookup: Lookup) -> None:
        with self._lock:
            job, lookup._callback, lookup._job = lookup._job, None, None
            if job is None or lookup not in job.lookups:
                return
            job.lookups.remove(lookup)
            # A job that has begun goes on: its answer is still good for the cache.
            if not job.lookups and job in self._queue:
                self._queue.remove(job)
                del self._pending[job.key]


_default = Resolver()


def _after_fork() -> None:
    """The threads, and whoever held the lock, stayed in the parent process."""
    global _default
    _default = Resolver()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# For sockets, who only want addresses


def cached(name: str) -> Answer | None:
    """The answer for *name* if it is known without a look-up: an address, or looked up in the last minute."""
    address = literal(name)
    return _default.cached(name) if address is None else Answer((address,))


def resolve(name: str, callback: Callable[[list[QHostAddress], int, str], object]) -> Lookup:
    """Call ``callback(addresses, error, text)`` once the addresses of *name* are known.

    In a thread of the pool, or within this call when no look-up is needed. *error* is 0 or a
    QHostInfo.HostInfoError that *text* explains. ``cancel()`` of what is returned prevents the call.
    """
    address = literal(name)
    if address is not None:
        callback([address], NO_ERROR, "")
        return Lookup()
    return _default.submit(name, lambda answer: callback(list(answer.addresses), answer.error, answer.text))


# For QHostInfo, which wants the names of addresses too


def cached_info(name: str) -> Answer | None:
    """As :func:`cached`, but an address counts only once its name is known."""
    return _default.cached(name)


def lookup_info(name: str, callback: AnswerCallback) -> Lookup:
    """Look up the addresses of *name*, or the name of an address: see :meth:`Resolver.submit`."""
    return _default.submit(name, callback)


def look_up(name: str) -> Answer:
    """The same, blocking: see :meth:`Resolver.look_up`."""
    return _default.look_up(name)

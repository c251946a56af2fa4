"""The select back end: everywhere, for descriptors below FD_SETSIZE (1,024 on most systems).

See `qnet.core._io_epoll` for the contract.
"""

from __future__ import annotations

import errno
import os
import select

from qnet.core._io_epoll import PRIORITY, READ, WRITE

__all__ = ["SelectPoller", "UnwatchableError"]

_LIMIT = 1024


class UnwatchableError(OSError):
    """A descriptor whose number is too large; the text says so, and what helps."""


class SelectPoller:
    """Three sets of descriptors."""

    name = "select"

    def __init__(self) -> None:
        self._sets: dict[int, set[int]] = {READ: set(), WRITE: set(), PRIORITY: set()}

    def watch(self, fd: int, mask: int, known: int) -> None:
        """See the contract. Raises OSError (EMFILE) for descriptors that select cannot take."""
        if fd >= _LIMIT and mask:
            text = f"descriptor {fd} is beyond what select() can watch ({_LIMIT}); use epoll"
            raise UnwatchableError(errno.EMFILE, text)
        for bit, members in self._sets.items():
            if mask & bit:
                members.add(fd)
            else:
                members.discard(fd)

    def wait(self, timeout: float = -1) -> list[tuple[int, int]]:
        """See the contract."""
        sets = self._sets
        try:
            readable, writable, urgent = select.select(
                sets[READ], sets[WRITE], sets[PRIORITY], None if timeout < 0 else timeout
            )
        except (OSError, ValueError):
            # Closed behind our back. epoll forgets such a descriptor by itself; here it is looked for.
            if not self._drop_closed():
                raise
            return []
        masks: dict[int, int] = {}
        for fd in readable:
            masks[fd] = READ
        for fd in writable:
            masks[fd] = masks.get(fd, 0) | WRITE
        for fd in urgent:
            masks[fd] = masks.get(fd, 0) | PRIORITY
        return list(masks.items())

    def _drop_closed(self) -> bool:
        dropped = False
        for fd in set().union(*self._sets.values()):
            try:
                os.fstat(fd)
            except OSError:
                dropped = True
                for members in self._sets.values():
                    members.discard(fd)
        return dropped

    def fileno(self) -> int:
        """-1: there is nothing that another loop could watch."""
        return -1

    def close(self) -> None:
        """Forget everything."""
        for members in self._sets.values():
            members.clear()

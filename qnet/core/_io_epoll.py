"""The epoll back end (Linux).

The contract of a back end, here and in its siblings. ``watch(fd, mask, known)``, with a mask of READ, WRITE and
PRIORITY (epoll's bits, which the others translate; 0 forgets the descriptor), replaces the mask *known* that the
descriptor had before (0: none). ``wait(seconds)`` sleeps (-1: for ever) and returns ``(fd, mask)`` pairs, level
triggered; errors and hang-ups count as readable and writable, since reading or writing is what tells which error
it was. ``fileno()`` is a descriptor that becomes readable when a wait would return something, or -1.
"""

from __future__ import annotations

import select

__all__ = ["PRIORITY", "READ", "WRITE", "EpollPoller"]

READ = 0x001
PRIORITY = 0x002
WRITE = 0x004


class EpollPoller:
    """One epoll descriptor."""

    name = "epoll"

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.wait = self._epoll.poll  # a wait is the system call and nothing else

    def watch(self, fd: int, mask: int, known: int) -> None:
        """See the module's text. Raises OSError for a descriptor that cannot be watched."""
        if not known:
            self._epoll.register(fd, mask)
        elif mask:
            self._epoll.modify(fd, mask)
        else:
            try:
                self._epoll.unregister(fd)
            except OSError:
                pass  # the descriptor was closed (and its number used again) behind our back

    def fileno(self) -> int:
        """The epoll descriptor itself can be polled by another loop."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Give the descriptor back."""
        self._epoll.close()

"""The kqueue back end (macOS and the BSDs).

See `qnet.core._io_epoll` for the contract. kqueue knows no priority data on these systems' sockets: PRIORITY is not
reported.
"""

from __future__ import annotations

import select
import sys

from qnet.core._io_epoll import READ, WRITE

__all__ = ["KqueuePoller"]

_BATCH = 1024

if sys.platform != "linux":  # the type checker then skips what its own system lacks

    class KqueuePoller:
        """One kernel queue with a read and a write filter a descriptor."""

        name = "kqueue"

        def __init__(self) -> None:
            self._queue = select.kqueue()

        def watch(self, fd: int, mask: int, known: int) -> None:
            """See the contract. Raises OSError for a descriptor that cannot be watched."""
            changes = []
            for bit, kind in ((READ, select.KQ_FILTER_READ), (WRITE, select.KQ_FILTER_WRITE)):
                if (mask ^ known) & bit:
                    action = select.KQ_EV_ADD if mask & bit else select.KQ_EV_DELETE
                    changes.append(select.kevent(fd, kind, action))
            if not changes:
                return
            try:
                self._queue.control(changes, 0)
            except OSError:
                if mask:
                    raise  # forgetting a descriptor that was closed already is no error

        def wait(self, timeout: float = -1) -> list[tuple[int, int]]:
            """See the contract."""
            masks: dict[int, int] = {}
            for event in self._queue.control(None, _BATCH, None if timeout < 0 else timeout):
                bit = READ if event.filter == select.KQ_FILTER_READ else WRITE
                masks[event.ident] = masks.get(event.ident, 0) | bit
            return list(masks.items())

        def fileno(self) -> int:
            """The queue's descriptor can be polled by another loop."""
            return self._queue.fileno()

        def close(self) -> None:
            """Give the descriptor back."""
            self._queue.close()

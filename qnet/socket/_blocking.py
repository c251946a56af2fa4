"""The blocking waits of a stream: they poll its descriptor and call what the event loop calls.

They need no loop and work in any thread. Slots that are called meanwhile may do anything with the device, end it or
wait themselves; each of these functions therefore looks at it anew after every turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qnet.core._io_epoll import READ, WRITE
from qnet.socket._waiting import Clock, poll

if TYPE_CHECKING:
    from qnet.socket._stream import StreamDevice

__all__ = ["wait_for_data", "wait_until_ended", "wait_until_written"]


def wait_for_data(device: StreamDevice, clock: Clock) -> bool:
    """Wait until new data is in the read buffer; False at the end, with a full buffer, and if the time is over first.

    The last is told by ``_q_wait_timed_out``, as it is by the others.
    """
    outer, device._q_arrived = device._q_arrived, False  # a slot may wait within a wait
    try:
        while device._q_linked and not _is_full(device):
            if not _turn(device, clock):
                device._q_wait_timed_out()
                return False
            if device._q_arrived:
                return True
        return False
    finally:
        device._q_arrived = device._q_arrived or outer


def wait_until_written(device: StreamDevice, clock: Clock) -> bool:
    """Wait until some of what was written is out; False if nothing waits, at the end, and if the time is over first."""
    buffer = device._q_write_buffer
    if not buffer.size and not device._q_wire:
        return False
    device._q_departed = False
    while device._q_linked:
        before = buffer.size
        if device._q_flush():
            return True
        if not buffer.size and not device._q_wire:
            return device._q_linked and not device._q_broken
        if not _turn(device, clock):
            device._q_wait_timed_out()
            return False
        if device._q_departed or (buffer.size < before and not device._q_broken):
            return True
    return False


def wait_until_ended(device: StreamDevice, clock: Clock) -> bool:
    """Wait until there is no connection; False if the time is over first."""
    while device._q_linked:
        if not _turn(device, clock):
            device._q_wait_timed_out()
            return False
    return True


def _turn(device: StreamDevice, clock: Clock) -> bool:
    """Wait for the descriptor and handle what it is ready for; False when the time is over."""
    engine = device._q_engine
    waits = device._q_write_buffer.size or device._q_wire or device._q_filter is not None or device._q_closing_down
    if waits and device._q_flush():
        device._q_departed = True
    if engine is None or device._q_engine is not engine:
        return True  # it has ended: the caller's loop sees that
    mask = WRITE if device._q_write_buffer.size or device._q_wire else 0
    if not _is_full(device):
        mask |= READ
    # With nothing to wait for, an end of the peer is none of our business until the program has read.
    ready = poll({engine.fd: mask} if mask else {}, clock.left())
    if not ready:
        return False
    found = ready[0][1]
    if found & ~READ and mask & WRITE and device._q_flush():
        device._q_departed = True
    if found & ~WRITE and mask & READ:
        device._q_on_readable()
    return True


def _is_full(device: StreamDevice) -> bool:
    return 0 < device._q_read_limit <= device._q_read_buffer.size

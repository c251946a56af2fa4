"""The byte stream that TCP and local sockets share: one descriptor, one pair of buffers, one flush.

The hot path of the whole package is here: ``_q_on_readable`` (a readable descriptor) and ``_q_flush`` (once a turn for
every socket that was written to).

What holds
----------
* ``_q_read_buffer`` and ``_q_write_buffer`` are the only buffers. A write is sent at the end of the loop's turn,
  in one piece with every other write of the turn; the descriptor is watched for writing only while the system
  has refused bytes.
* Reading pauses at ``_q_read_limit`` bytes. The descriptor is then not watched at all: the peer's window fills, and a
  close of the peer is noticed once the program has read.
* A blocking wait (`qnet.socket._blocking`) polls the same descriptor and calls the same two methods. There is no
  second way to read, write or fail.
* The dispatcher holds the device from the first turn on until it closes (``_q_watch``). Before, in a thread that
  does not turn, `ThreadData.arrivals` holds it, weakly once it is connected.

Subclasses say what an end means: ``_q_lost`` (the peer ended or the connection failed), ``_q_all_sent`` (everything
is out while closing).
"""

from __future__ import annotations

import errno
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core import _watchdog
from qnet.core._buffers import WriteBuffer
from qnet.core._io_epoll import READ, WRITE
from qnet.core._post import post_to_data
from qnet.core._thread_data import ThreadData
from qnet.core.iodevice import QIODevice
from qnet.core.object import QObject
from qnet.core.signals import Signal, SignalInstance
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure, failure, failure_from_os
from qnet.socket._filter import BLOCK, StreamFilter

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.socket.engines.native import QNativeSocketEngine

__all__ = ["StreamDevice"]

_RECEIVE = 65536  # bytes a system call, as long as reads come back short
_RECEIVE_MORE = 262144  # after one that filled the smaller size
_KEPT_HEAP = 1 << 20
_GATHER = 64  # chunks a sendmsg
_LARGE = 32768  # a write of this size does not wait for the end of the turn


def _no_descriptor(_: Any) -> Any:
    """What reads and sends while there is no descriptor."""
    raise OSError(errno.EBADF, "the socket has no descriptor")


def _keep_heap() -> None:
    """Let the C library keep the memory of a few blocks instead of giving it back after every read.

    glibc returns the top of its heap to the kernel when more than 128 KiB of it are free, so that a read of 64 KiB
    may take page faults every time. Freeing one large block raises that limit (mallopt(3), "dynamic mmap
    threshold"); asyncio does so unawares, by its reads of 256 KiB.
    """
    bytes(_KEPT_HEAP)


_keep_heap()


class StreamDevice(QIODevice):
    """Reading, writing and waiting on a connected stream descriptor; see the module's text."""

    _q_pushes = True

    writeBufferFull = Signal()
    """More than the high limit of `setWriteBufferLimits` waits to be sent."""
    writeBufferDrained = Signal()
    """After `writeBufferFull`: no more than the low limit is left."""

    _q_ready_read = QIODevice.readyRead.hidden_alias()
    _q_bytes_written = QIODevice.bytesWritten.hidden_alias()

    _q_write_buffer: WriteBuffer  # a stream always has one

    __slots__ = (
        "_q_arrived",
        "_q_blocked",
        "_q_broken",
        "_q_channels_watched",
        "_q_closing_down",
        "_q_departed",
        "_q_direct",
        "_q_dispatcher",
        "_q_engine",
        "_q_filter",
        "_q_finishing",
        "_q_flush_queued",
        "_q_high",
        "_q_in_bytes_written",
        "_q_in_ready_read",
        "_q_linked",
        "_q_losing",
        "_q_low",
        "_q_origin",
        "_q_over",
        "_q_phase",
        "_q_quick",
        "_q_read_limit",
        "_q_receive",
        "_q_recv",
        "_q_standing",
        "_q_transmit",
        "_q_wire",
        "_q_writes_watched",
    )

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_engine: QNativeSocketEngine | None = None
        self._q_dispatcher: EventDispatcher | None = None
        self._q_filter: StreamFilter | None = None
        self._q_recv: Callable[[int], bytes] = _no_descriptor  # the engine's, for the hot path
        self._q_transmit: Callable[[Any], int] = _no_descriptor
        self._q_wire: bytes | memoryview = b""  # encoded, not sent yet
        self._q_phase = ""  # "127.0.0.1:80", for error texts
        self._q_origin = ""  # where the device was made, in debug mode
        self._q_linked = False  # bytes may be sent and received
        self._q_standing = False  # the connection stands, as far as has been told: disconnected is still to come
        self._q_losing = False  # the slots of errorOccurred are hearing of its end
        self._q_closing_down = False  # to be closed when everything is out
        self._q_finishing = False  # ... and the filter has said its last
        self._q_blocked = False  # the system refused bytes: writing is watched
        self._q_flush_queued = False
        self._q_in_ready_read = self._q_in_bytes_written = False
        self._q_quick = False  # write() may take the short way ...
        self._q_direct = False  # ... and send what is large at once
        self._q_channels_watched = False  # something is connected to channelReadyRead ...
        self._q_writes_watched = False  # ... to bytesWritten or channelBytesWritten
        self._q_arrived = self._q_departed = False  # bytes, since the beginning of a blocking wait
        self._q_broken = False  # sending failed: what is written goes nowhere
        self._q_read_limit = 0
        self._q_receive = _RECEIVE
        self._q_high = self._q_low = 0
        self._q_over = False  # writeBufferFull was emitted last
        super().__init__(parent, **properties)
        self._q_write_buffer = WriteBuffer()
        if _watchdog.enabled():
            self._q_origin = "".join(traceback.format_stack(limit=8)[:-1])

    # -- what subclasses decide

    def _q_lost(self, reason: SocketFailure) -> None:
        """The stream ended: the peer closed (RemoteHostClosedError) or something failed."""
        raise NotImplementedError

    def _q_all_sent(self) -> None:
        """`_q_closing_down` is set and the last byte is out."""
        raise NotImplementedError

    def _q_wait_timed_out(self) -> None:
        """A blocking wait ran out of time."""
        raise NotImplementedError

    # -- entering and leaving the reactor

    def _q_link(self, engine: QNativeSocketEngine) -> None:
        """Bytes flow from now on."""
        self._q_engine = engine
        self._q_recv = engine.recv
        self._q_transmit = engine.send
        self._q_linked = self._q_standing = True
        self._q_update()
        self._q_arrive()

    def _q_arrive(self) -> None:
        engine = self._q_engine
        if engine is None or engine.fd < 0:
            return
        thread = self._q.thread
        dispatcher = thread.dispatcher
        if dispatcher is not None and thread.scope_level:
            thread.arrivals.pop(engine.fd, None)
            self._q_watch(dispatcher)
        else:
            thread.arrivals[engine.fd] = self._q.ref

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        engine = self._q_engine
        if engine is None or engine.fd < 0:
            return
        try:
            if not self._q_paused:
                dispatcher.watch(engine.fd, READ, self._q_on_readable)
        except OSError as error:
            self._q_lost(failure_from_os(error, "watching the socket"))
            return
        self._q_dispatcher = dispatcher
        if self._q_blocked:
            dispatcher.watch(engine.fd, WRITE, self._q_flush)
        elif self._q_write_buffer.size or self._q_closing_down or self._q_filter is not None:
            self._q_queue_flush()

    def _q_unwatch(self) -> None:
        engine = self._q_engine
        if engine is not None and engine.fd >= 0:
            self._q.thread.arrivals.pop(engine.fd, None)
            if self._q_dispatcher is not None:
                self._q_dispatcher.forget(engine.fd)
        self._q_dispatcher = None
        self._q_paused = self._q_blocked = False

    def _q_unlink(self) -> None:
        """Give the descriptor back; what was received stays readable."""
        self._q_unwatch()
        engine, self._q_engine = self._q_engine, None
        self._q_linked = self._q_closing_down = self._q_finishing = self._q_losing = False
        self._q_update()
        self._q_write_buffer.clear()
        self._q_wire = b""
        self._q_over = self._q_broken = False
        if engine is not None:
            self._q_recv = self._q_transmit = _no_descriptor
            engine.close()

    def _q_update(self) -> None:
        super()._q_update()
        self._q_quick = self._q_writes_chunks and self._q_linked and not self._q_high
        self._q_direct = self._q_filter is None and not self._q_writes_watched

    def _q_connections_changed(self, handler: str, signal: SignalInstance) -> None:
        super()._q_connections_changed(handler, signal)
        seen = self.__dict__
        self._q_channels_watched = "channelReadyRead" in seen
        self._q_writes_watched = bool(self._q_bytes_written._connections) or "channelBytesWritten" in seen
        self._q_direct = self._q_filter is None and not self._q_writes_watched

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        self._q_unwatch()
        super()._q_change_thread(source, target)
        if self._q_engine is not None:
            post_to_data(self._q, self._q_arrive)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        try:
            data = self.__dict__.get("_q")
            if data is not None and data.alive and not is_finalizing():
                self._q_warn_if_open()
        finally:  # a filter may turn the warning into an exception
            super().__del__()

    def _q_warn_if_open(self) -> None:
        """Say that a connection ends because nobody refers to it, and not by `close`, a parent or `deleteLater`."""
        if self._q_linked and not (self._q_closing_down and self._q_nothing_waits()):
            made = f"; made at\n{self._q_origin}" if self._q_origin else ""
            warnings.warn(f"{self!r} was dropped while it was open{made}", ResourceWarning, 1, source=self)

    # -- reading

    def _q_on_readable(self) -> None:
        """The descriptor is readable, or has ended or failed; it may also be called without cause."""
        if not self._q_linked:
            return
        size = self._q_receive
        limit = self._q_read_limit
        if limit:
            size = min(size, limit - self._q_read_buffer.size)
            if size <= 0:
                self._q_pause()
                return
        try:
            data = self._q_recv(size)
        except BlockingIOError:
            return
        except OSError as error:
            self._q_lost(failure_from_os(error, f"receiving from {self._q_phase}"))
            return
        if not data:
            self._q_at_end()
            return
        if len(data) == _RECEIVE:
            self._q_receive = _RECEIVE_MORE
        if self._q_filter is not None:
            data = self._q_decode(data)
            if not data:
                return
        if not self._q_readable:  # closed, or open for writing only: nobody can read it
            return
        self._q_arrived = True
        buffer = self._q_read_buffer
        buffer._chunks.append(data)  # ReadBuffer.append() without the call: data is not empty
        buffer.size += len(data)
        if limit and buffer.size >= limit:
            self._q_pause()
        if not self._q_in_ready_read:  # not from within a slot of it
            self._q_in_ready_read = True
            try:
                self._q_ready_read.emit()
                if self._q_channels_watched:
                    QIODevice.channelReadyRead.emit_from(self, 0)
            finally:
                self._q_in_ready_read = False

    def _q_decode(self, data: bytes) -> bytes:
        layer = self._q_filter
        assert layer is not None
        try:
            decoded = layer.decode(data)
        except ValueError as error:
            self._q_flush()
            self._q_lost(SocketFailure(SocketError.SslInternalError, str(error), error))
            return b""
        self._q_queue_flush()
        return decoded

    def _q_at_end(self) -> None:
        if self._q_filter is not None:
            rest = self._q_filter.ended()
            if rest:
                self._q_arrived = True
                self._q_read_buffer.append(rest)
                self._q_ready_read.emit()
        self._q_lost(failure(SocketError.RemoteHostClosedError))

    def _q_pause(self) -> None:
        self._q_paused = True
        if self._q_dispatcher is not None and self._q_engine is not None:
            self._q_dispatcher.watch(self._q_engine.fd, READ, None)

    def _q_after_read(self) -> None:
        if self._q_paused and (not self._q_read_limit or self._q_read_buffer.size < self._q_read_limit):
            self._q_resume()

    def _q_resume(self) -> None:
        self._q_paused = False
        if self._q_dispatcher is not None and self._q_engine is not None:
            self._q_dispatcher.watch(self._q_engine.fd, READ, self._q_on_readable)

    def readBufferSize(self) -> int:
        """How many bytes are buffered at most, 0 for no limit."""
        return self._q_read_limit

    def setReadBufferSize(self, size: int) -> None:
        """Buffer at most *size* bytes; what does not fit stays with the system, and in the end with the peer.

        0, the default, is no limit. Raising it resumes the reading.
        """
        if not isinstance(size, int):
            raise TypeError(f"a buffer size is an int, bytes, not {type(size).__name__}")
        self._q_read_limit = max(0, size)
        self._q_after_read()

    def isSequential(self) -> bool:
        """True: a stream has no position."""
        return True

    # -- writing

    def write(self, data: Buffer, /) -> int:
        """Write bytes; all of them are taken, or -1 for an error. `bytesWritten` follows when they are out."""
        # QIODevice.write(), _q_write_chunk() and WriteBuffer.append() in one, for what is usual.
        if not (self._q_quick and isinstance(data, bytes)):
            return super().write(data)
        count = len(data)
        buffer = self._q_write_buffer
        if count >= _LARGE and not buffer.size and self._q_direct and self._q.thread.scope_level:
            # Within a turn, with nothing waiting and nobody who wants to know: send at once. Kept until the end of
            # the turn, the blocks of all sockets would be in memory together (measured: five times the CPU).
            try:
                sent = self._q_transmit(data)
            except OSError:
                sent = 0  # the flush will meet it, and says what it means
            if sent == count:
                return count
            if sent:
                return self._q_keep_rest(data, sent)
        if count:
            buffer._chunks.append(data)
            buffer.size += count
            if not self._q_flush_queued and self._q_dispatcher is not None:
                self._q_flush_queued = True
                self._q_dispatcher._q_flush.append(self)
        return count

    def _q_keep_rest(self, data: bytes, sent: int) -> int:
        """The system took *sent* bytes of *data*: the rest waits until it takes more."""
        self._q_write_buffer.append(data)
        self._q_write_buffer.consume(sent)
        if self._q_dispatcher is not None:
            self._q_block()
        return len(data)

    def _q_write_chunk(self, data: Any) -> int:
        if not self._q_linked:
            return self._q_write_unlinked(data)
        buffer = self._q_write_buffer
        count = buffer.append(data)
        if not self._q_flush_queued and self._q_dispatcher is not None:
            self._q_flush_queued = True
            self._q_dispatcher._q_flush.append(self)
        if self._q_high and buffer.size > self._q_high and not self._q_over:
            self._q_over = True
            StreamDevice.writeBufferFull.emit_from(self)
        return count

    def _q_write_unlinked(self, data: Any) -> int:
        """A write on a device that is open and not connected."""
        return -1

    def _q_queue_flush(self) -> None:
        if not self._q_flush_queued and self._q_dispatcher is not None:
            self._q_flush_queued = True
            self._q_dispatcher._q_flush.append(self)

    def _q_flush_due(self) -> None:
        self._q_flush_queued = False
        if self._q_blocked:
            return
        # What _q_flush() does, for what is usual: one chunk, no filter, and the system takes it all.
        chunks = self._q_write_buffer._chunks
        if len(chunks) != 1 or self._q_filter is not None or self._q_closing_down or self._q_writes_watched:
            self._q_flush()
            return
        chunk = chunks[0]
        try:
            sent = self._q_transmit(chunk)
        except OSError:
            self._q_flush()  # which says what it means
            return
        if sent == len(chunk):
            chunks.clear()
            self._q_write_buffer.size = 0
        else:
            self._q_write_buffer.consume(sent)
            self._q_block()

    def _q_flush(self) -> int:
        """Send what the system takes; the number of bytes that left the write buffer. It closes if that was due."""
        sent = self._q_send_waiting()
        if self._q_closing_down and self._q_nothing_waits():
            self._q_finish()
        return sent

    def _q_send_waiting(self) -> int:
        engine = self._q_engine
        if engine is None or not self._q_linked:
            return 0
        buffer = self._q_write_buffer
        sent = 0
        if self._q_filter is not None:
            sent = self._q_flush_filtered(engine, self._q_filter)
        elif buffer.size:
            chunks = buffer._chunks
            try:
                sent = engine.send(chunks[0]) if len(chunks) == 1 else engine.sendmsg(buffer.heads(_GATHER))
            except BlockingIOError:
                pass
            except OSError as error:
                self._q_send_failed(error)
                return 0
            if sent == buffer.size:
                chunks.clear()
                buffer.size = 0
            else:
                buffer.consume(sent)
        if buffer.size or self._q_wire:
            if not self._q_blocked:
                self._q_block()
        elif self._q_blocked:
            self._q_unblock()
        if sent:
            self._q_report_sent(sent)
        return sent

    def _q_report_sent(self, sent: int) -> None:
        """Emit bytesWritten, but not from within a slot of it."""
        if self._q_over and self._q_write_buffer.size <= self._q_low:
            self._q_over = False
            StreamDevice.writeBufferDrained.emit_from(self)
        if self._q_in_bytes_written:
            return
        self._q_in_bytes_written = True
        try:
            self._q_bytes_written.emit(sent)
            if "channelBytesWritten" in self.__dict__:
                QIODevice.channelBytesWritten.emit_from(self, 0, sent)
        finally:
            self._q_in_bytes_written = False

    def _q_flush_filtered(self, engine: QNativeSocketEngine, layer: StreamFilter) -> int:
        buffer = self._q_write_buffer
        taken = 0
        while True:
            if not self._q_wire:
                self._q_wire = layer.pull()
            if not self._q_wire and buffer.size and layer.ready():
                block = memoryview(buffer.head())[:BLOCK]
                self._q_wire = layer.encode(block)
                buffer.consume(len(block))
                taken += len(block)
            if not self._q_wire:
                return taken
            try:
                sent = engine.send(self._q_wire)
            except BlockingIOError:
                return taken
            except OSError as error:
                self._q_send_failed(error)
                return 0
            self._q_wire = memoryview(self._q_wire)[sent:] if sent < len(self._q_wire) else b""

    def _q_send_failed(self, error: OSError) -> None:
        """The connection broke: what the peer sent before it did is still to be read, and reading tells the end."""
        self._q_broken = True
        self._q_write_buffer.clear()
        self._q_wire = b""
        if self._q_blocked:
            self._q_unblock()
        if self._q_paused or self._q_closing_down or error.errno not in (errno.EPIPE, errno.ECONNRESET):
            self._q_lost(failure_from_os(error, f"sending to {self._q_phase}"))

    def _q_block(self) -> None:
        if self._q_dispatcher is not None and self._q_engine is not None:
            self._q_blocked = True
            self._q_dispatcher.watch(self._q_engine.fd, WRITE, self._q_flush)

    def _q_unblock(self) -> None:
        self._q_blocked = False
        if self._q_dispatcher is not None and self._q_engine is not None:
            self._q_dispatcher.watch(self._q_engine.fd, WRITE, None)

    def _q_close_down(self) -> None:
        """Close as soon as everything is out.

        Without a loop that is up to a blocking wait, as in Qt; but the program may never wait, and so what the system
        takes is sent now, with the end after it.
        """
        self._q_closing_down = True
        if self._q_broken:  # what is not out never will be
            self._q_lost(failure(SocketError.RemoteHostClosedError))
        elif self._q_nothing_waits():
            self._q_finish()
        elif self._q.thread.dispatcher is not None:
            self._q_queue_flush()
        else:
            self._q_send_waiting()
            if self._q_filter is None and self._q_engine is not None and self._q_nothing_waits():
                self._q_engine.end_politely()

    def _q_nothing_waits(self) -> bool:
        return not self._q_write_buffer.size and not self._q_wire

    def _q_is_no_news(self, reason: SocketFailure, closing: bool) -> bool:
        """Whether nobody needs to hear of *reason*: it was told, or the peer ended what had all been sent to it."""
        if closing and reason.code is SocketError.RemoteHostClosedError:
            return self._q_losing or (self._q_nothing_waits() and not self._q_broken)
        return self._q_losing

    def _q_finish(self) -> None:
        if self._q_filter is not None and not self._q_finishing:
            self._q_finishing = True
            self._q_wire = self._q_filter.finish()
            if self._q_wire:
                self._q_flush()
                return
        self._q_all_sent()

    def flush(self) -> bool:
        """Send now what the system takes, without waiting; whether anything left. `bytesWritten` follows."""
        return self._q_flush() > 0

    def bytesToWrite(self) -> int:
        """How many written bytes wait to be sent."""
        return self._q_write_buffer.size

    def setWriteBufferLimits(self, high: int, low: int | None = None) -> None:
        """Say when too much waits to be sent (not in Qt): `writeBufferFull` above *high* bytes.

        `writeBufferDrained` follows once no more than *low* bytes are left (a quarter of *high* by default). Writes
        are never refused: the signals are for programs that can stop producing. 0 switches them off.
        """
        low = high // 4 if low is None else low
        if not 0 <= low <= high:
            raise ValueError(f"0 <= low <= high is expected, not low {low} and high {high}")
        self._q_high, self._q_low = high, low
        self._q_update()
        if not high:
            self._q_over = False

    def writeBufferLimits(self) -> tuple[int, int]:
        """The limits that `setWriteBufferLimits` set, (0, 0) for none."""
        return self._q_high, self._q_low

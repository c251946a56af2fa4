"""A connection to the D-Bus system bus that a thread's own event loop serves.

jeepney turns bytes into messages and back and does no I/O; here is the rest: a socket that never waits, replies that
go to whoever asked, signals, and time limits. Nothing runs while the bus is silent.

Source: https://dbus.freedesktop.org/doc/dbus-specification.html.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_method_call  # type: ignore[import-untyped]
from jeepney.auth import AuthenticationError, Authenticator  # type: ignore[import-untyped]  # it ships no types
from jeepney.low_level import Parser  # type: ignore[import-untyped]

from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.core.socketnotifier import QSocketNotifier
from qnet.core.timer import QTimer

__all__ = ["BusConnection", "BusError", "Reply", "system_bus_path"]

MAX_MESSAGE = 16 << 20
TIMEOUT = 25.0  # seconds, as in other implementations

_BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")


class BusError(Exception):
    """A call failed: the D-Bus name of the error and its text, or why the bus cannot be asked."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{text} ({name})" if name else text)
        self.name = name


Reply = Callable[["tuple[Any, ...] | BusError"], object]
"""Takes the values that a call returned, or why it failed. It is called once."""


def system_bus_path() -> str | None:
    """Where the system bus listens, with a zero byte in front if that is no file; None if it is not reachable so."""
    addresses = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or "unix:path=/var/run/dbus/system_bus_socket"
    from jeepney.bus import get_connectable_addresses  # type: ignore[import-untyped]

    try:
        path: str = next(iter(get_connectable_addresses(addresses)))
    except (RuntimeError, ValueError, StopIteration):  # other transports than unix, or nonsense
        return None
    return path


class BusConnection(QObject):
    """Connects at once and belongs to the thread that makes it. Raises OSError if nobody listens there.

    Calls may be made from the start: they are sent when the bus has accepted us.
    """

    received = Signal(object)
    """A signal of the bus has come: the argument is jeepney's Message."""
    closed = Signal(str)
    """The bus is gone, or has said what nobody understands; the argument says why. All calls have failed before."""

    def __init__(self, path: str, parent: QObject | None = None) -> None:
        self._q_socket = _connected(path)  # first: an object whose constructor fails has nothing to give back
        super().__init__(parent)
        self._q_authenticator = Authenticator()
        self._q_parser = Parser()
        self._q_outgoing = bytearray()
        self._q_held: list[bytes] = []  # until the bus has accepted us
        self._q_serial = 0
        self._q_replies: dict[int, tuple[float, Reply]] = {}  # deadline and receiver, the oldest first
        self._q_reading = QSocketNotifier(self._q_socket.fileno(), QSocketNotifier.Type.Read, self)
        self._q_reading.activated.connect(self._q_read)
        self._q_writing = QSocketNotifier(self._q_socket.fileno(), QSocketNotifier.Type.Write, self)
        self._q_writing.activated.connect(self._q_flush)
        self._q_writing.setEnabled(False)
        self._q_timer = QTimer(self)
        self._q_timer.setSingleShot(True)
        self._q_timer.timeout.connect(self._q_expire)
        self._q_outgoing += self._q_authenticator.data_to_send()
        self._q_call(_BUS, "Hello", "", (), lambda reply: None)
        self._q_flush()

    def is_open(self) -> bool:
        """Whether it has neither failed nor been closed."""
        return self._q_socket.fileno() >= 0

    def call(self, address: DBusAddress, method: str, signature: str, arguments: tuple[Any, ...], reply: Reply) -> None:
        """Call *method* at *address*; *reply* is called later, with a BusError after `TIMEOUT` seconds."""
        if not self.is_open():
            reply(BusError("", "the connection to the bus is closed"))
            return
        self._q_call(address, method, signature, arguments, reply)
        self._q_flush()

    def call_bus(self, method: str, signature: str, arguments: tuple[Any, ...], reply: Reply) -> None:
        """Call a method of the bus itself."""
        self.call(_BUS, method, signature, arguments, reply)

    def close(self, reason: str = "") -> None:
        """Give the socket back. With a *reason*, waiting calls fail and `closed` follows; else they are forgotten."""
        if not self.is_open():
            return
        self._q_reading.setEnabled(False)
        self._q_writing.setEnabled(False)
        self._q_timer.stop()
        self._q_socket.close()
        replies, self._q_replies = self._q_replies, {}
        if reason:
            for _, reply in replies.values():
                reply(BusError("", reason))
            BusConnection.closed.emit_from(self, reason)

    def _q_call(
        self, address: DBusAddress, method: str, signature: str, arguments: tuple[Any, ...], reply: Reply
    ) -> None:
        self._q_serial += 1
        message = new_method_call(address, method, signature or None, arguments)
        data = message.serialise(serial=self._q_serial)
        self._q_replies[self._q_serial] = time.monotonic() + TIMEOUT, reply
        if not self._q_timer.isActive():
            self._q_timer.start(int(TIMEOUT * 1000))
        if self._q_authenticator.authenticated:
            self._q_outgoing += data
        else:
            self._q_held.append(data)

    def _q_flush(self) -> None:
        if not self.is_open():
            return
        try:
            while self._q_outgoing:
                del self._q_outgoing[: self._q_socket.send(self._q_outgoing)]
        except BlockingIOError:
            pass
        except OSError as error:
            self.close(f"the bus cannot be written to: {error.strerror}")
            return
        self._q_writing.setEnabled(bool(self._q_outgoing))

    def _q_read(self) -> None:
        try:
            data = self._q_socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(f"the bus cannot be read: {error.strerror}")
            return
        if not data:
            self.close("the bus has closed the connection")
            return
        self._q_feed(data)

    def _q_feed(self, data: bytes) -> None:
        try:
            self._q_take(data)
        # What jeepney raises for bytes that are no message is whatever it stumbles over.
        except (ValueError, KeyError, IndexError, TypeError, AssertionError, struct.error, RecursionError) as error:
            self.close(f"the bus sent what is no message: {type(error).__name__}: {error}")

    def _q_take(self, data: bytes) -> None:
        if not self._q_authenticator.authenticated:
            try:
                self._q_authenticator.feed(data)
            except AuthenticationError as error:
                self.close(f"the bus refuses us: {error.msg}")
                return
            if self._q_authenticator.authenticated:
                self._q_outgoing += b"BEGIN\r\n" + b"".join(self._q_held)
                self._q_held.clear()
                self._q_flush()
            return
        self._q_parser.add_data(data)
        while self.is_open():
            message = self._q_parser.get_next_message()
            if message is None:
                if (self._q_parser.next_msg_size or 0) > MAX_MESSAGE:
                    self.close("the bus sent a message that is too large")
                return
            self._q_dispatch(message)

    def _q_dispatch(self, message: Message) -> None:
        kind = message.header.message_type
        if kind is MessageType.signal:
            BusConnection.received.emit_from(self, message)
        elif kind in (MessageType.method_return, MessageType.error):
            fields = message.header.fields
            _, reply = self._q_replies.pop(fields.get(HeaderFields.reply_serial, -1), (0.0, None))
            if reply is None:
                return  # too late
            if not self._q_replies:
                self._q_timer.stop()
            if kind is MessageType.error:
                text = message.body[0] if message.body and isinstance(message.body[0], str) else "it failed"
                reply(BusError(fields.get(HeaderFields.error_name, ""), text))
            else:
                reply(message.body)

    def _q_expire(self) -> None:
        now = time.monotonic()
        late = [serial for serial, (deadline, _) in self._q_replies.items() if deadline <= now]
        for serial in late:
            _, reply = self._q_replies.pop(serial)
            reply(BusError("org.freedesktop.DBus.Error.NoReply", f"no answer within {TIMEOUT:g} seconds"))
        if self._q_replies and self.is_open():
            oldest = next(iter(self._q_replies.values()))[0]
            self._q_timer.start(max(1, int((oldest - now) * 1000) + 1))

    def _q_finalize(self) -> None:
        self.close()
        super()._q_finalize()


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(os.fsencode(path))
    except BaseException:
        connection.close()
        raise
    return connection

"""The NetworkManager engine: its connection profiles as configurations, over D-Bus (extra ``networkmanager``).

The engine is served by the bearer thread's own loop (:mod:`qnet.bearer._dbus`). It hears of changes of devices,
profiles and active connections and of nothing else: the strength of every radio in the neighbourhood would wake it all
day. Without a system bus, or without jeepney, there is no such engine; with a bus and no NetworkManager it has no
configurations, and waits to be told that NetworkManager has come.

=============  ===================================  =====================================================
state          event                                what follows
=============  ===================================  =====================================================
ABSENT         NetworkManager owns its name         ask for its objects: LOADING
LOADING        objects, then profiles, are there    tell about them: PRESENT
PRESENT        something is different               tell, `SETTLE_MS` later and once
any            NetworkManager loses its name        every configuration is gone: ABSENT
any            the bus is gone                      likewise; DISCONNECTED, tried again once a minute
=============  ===================================  =====================================================
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.bearer._capabilities import Capability
from qnet.bearer._counters import byte_counters_of
from qnet.bearer._data import Facts
from qnet.bearer._networkmanager_model import (
    ACTIVATED,
    ACTIVATING,
    ACTIVE,
    CONNECTION,
    DEACTIVATED,
    DEVICE,
    MAX_PROFILES,
    NAME,
    ObjectTree,
    Profile,
    profiles,
)
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.plugin import QBearerEnginePlugin
from qnet.core.timer import QTimer

if TYPE_CHECKING:
    from qnet.bearer._dbus import BusConnection, BusError

__all__ = ["NetworkManagerEngine", "NetworkManagerEnginePlugin"]

SETTLE_MS = 50
RECONNECT_MS = 60_000

_ROOT = "/org/freedesktop"
_MANAGER = "/org/freedesktop/NetworkManager"
_OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_BUS = "org.freedesktop.DBus"

_RULES = (
    f"type='signal',sender='{_BUS}',interface='{_BUS}',member='NameOwnerChanged',arg0='{NAME}'",
    *(
        f"type='signal',sender='{NAME}',interface='{_OBJECT_MANAGER}',path='{_ROOT}',arg0path='{_MANAGER}/{kind}/'"
        for kind in ("Devices", "ActiveConnection", "Settings")
    ),
    *(
        f"type='signal',sender='{NAME}',interface='{_PROPERTIES}',member='PropertiesChanged',arg0='{kind}'"
        for kind in (DEVICE, ACTIVE)
    ),
    f"type='signal',sender='{NAME}',interface='{CONNECTION}',member='Updated'",
)


class _State(enum.Enum):
    DISCONNECTED = enum.auto()
    ABSENT = enum.auto()
    LOADING = enum.auto()
    PRESENT = enum.auto()


class NetworkManagerEngine(QBearerEngine):
    """See the module's text. *bus* is where the system bus listens."""

    name = "networkmanager"

    def __init__(self, bus: str) -> None:
        super().__init__()
        self._q_path = bus
        self._q_state = _State.DISCONNECTED
        self._q_bus: BusConnection | None = None
        self._q_owner = ""
        self._q_tree = ObjectTree()
        self._q_settings: dict[str, dict[str, Any]] = {}
        self._q_asked: set[str] = set()  # profiles whose settings are awaited
        self._q_known: dict[str, Profile] = {}
        self._q_starting: dict[str, str] = {}  # active connections that were asked for, by identifier
        self._q_update_due = False
        self._q_settle = QTimer(self)
        self._q_settle.setSingleShot(True)
        self._q_settle.setInterval(SETTLE_MS)
        self._q_settle.timeout.connect(self._q_conclude)

    # -- the contract

    def initialize(self) -> None:
        """Connect and ask; `updateCompleted` follows when the answers are there."""
        self._q_update_due = True
        self._q_connect()

    def requestUpdate(self) -> None:
        """Ask for everything again; without a bus, try to connect."""
        self._q_update_due = True
        if self._q_bus is None:
            self._q_connect()
        elif self._q_state is _State.PRESENT:
            self._q_load()
        elif self._q_state is _State.ABSENT:
            self._q_updated()

    def shutdown(self) -> None:
        """Close the connection."""
        self._q_settle.stop()
        bus, self._q_bus = self._q_bus, None
        if bus is not None:
            bus.closed.disconnect()
            bus.received.disconnect()
            bus.close()
        self._q_state = _State.DISCONNECTED

    def configurations(self) -> list[Facts]:
        """The profiles."""
        return [profile.facts for profile in self._q_known.values()]

    def hasIdentifier(self, identifier: str) -> bool:
        """Whether it is that of a profile."""
        return identifier in self._q_known

    def capabilities(self) -> Capability:
        """Profiles can be started and stopped, as far as the user may, while NetworkManager is there."""
        present = self._q_state in (_State.LOADING, _State.PRESENT)
        return Capability.DataStatistics | (Capability.CanStartAndStopInterfaces if present else Capability(0))

    def requiresPolling(self) -> bool:
        """While there is no bus, which nobody would tell about."""
        return self._q_state is _State.DISCONNECTED

    def pollInterval(self) -> int:
        """A minute: a bus that was restarted is rare, too."""
        return RECONNECT_MS

    @staticmethod
    def statistics(facts: Facts) -> tuple[int, int] | None:
        """What the system has counted for the interface."""
        return byte_counters_of(facts.interface_index, facts.interface_name)

    def startInterface(self, identifier: str) -> None:
        """ActivateConnection: `connectionError` follows if it is refused, or fails later."""
        profile = self._q_known[identifier]
        if profile.active_state == ACTIVATED:
            QBearerEngine.configurationChanged.emit_from(self, profile.facts)
            return

        def reply(answer: tuple[Any, ...] | BusError) -> None:
            if isinstance(answer, tuple):
                self._q_starting[identifier] = answer[0]
                self._q_settle.start()
            else:
                self._q_fail(identifier, QBearerEngine.ConnectionError.ConnectError, f"cannot be started: {answer}")

        self._q_call(_MANAGER, NAME, "ActivateConnection", "ooo", (profile.path, profile.device, "/"), reply)

    def stopInterface(self, identifier: str) -> None:
        """DeactivateConnection: `connectionError` follows if it is refused."""
        profile = self._q_known[identifier]
        self._q_starting.pop(identifier, None)
        if not profile.active:
            QBearerEngine.configurationChanged.emit_from(self, profile.facts)
            return

        def reply(answer: tuple[Any, ...] | BusError) -> None:
            if not isinstance(answer, tuple):
                self._q_fail(identifier, QBearerEngine.ConnectionError.DisconnectError, f"cannot be stopped: {answer}")

        self._q_call(_MANAGER, NAME, "DeactivateConnection", "o", (profile.active,), reply)

    def _q_fail(self, identifier: str, code: QBearerEngine.ConnectionError, text: str) -> None:
        profile = self._q_known.get(identifier)
        name = profile.facts.name if profile is not None else identifier
        QBearerEngine.connectionError.emit_from(self, identifier, code, f"NetworkManager: {name} {text}")

    # -- the bus

    def _q_connect(self) -> None:
        from qnet.bearer._dbus import BusConnection

        try:
            bus = BusConnection(self._q_path, self)
        except OSError:
            self._q_updated()
            return
        self._q_bus = bus
        self._q_state = _State.ABSENT
        bus.received.connect(self._q_received)
        bus.closed.connect(self._q_lost)
        for rule in _RULES:
            bus.call_bus("AddMatch", "s", (rule,), lambda answer: None)
        bus.call_bus("GetNameOwner", "s", (NAME,), self._q_take_owner)

    def _q_lost(self) -> None:
        bus, self._q_bus = self._q_bus, None
        if bus is not None:
            bus.deleteLater()
        self._q_forget()
        self._q_state = _State.DISCONNECTED
        self._q_updated()

    def _q_call(
        self,
        path: str,
        interface: str,
        method: str,
        signature: str,
        arguments: tuple[Any, ...],
        reply: Callable[[Any], object],
    ) -> None:
        from jeepney import DBusAddress  # type: ignore[import-untyped]  # it ships no types

        if self._q_bus is not None:
            self._q_bus.call(DBusAddress(path, NAME, interface), method, signature, arguments, reply)

    def _q_received(self, message: Any) -> None:
        from jeepney import HeaderFields

        fields = message.header.fields
        sender, member = fields.get(HeaderFields.sender), fields.get(HeaderFields.member)
        path, body = fields.get(HeaderFields.path, ""), message.body
        if sender == _BUS:
            if member == "NameOwnerChanged" and body[0] == NAME:
                self._q_take_owner((body[2],))
        elif sender == self._q_owner and self._q_state is not _State.ABSENT:
            self._q_take_signal(path, member, body)

    def _q_take_signal(self, path: str, member: str, body: tuple[Any, ...]) -> None:
        """A signal of NetworkManager's, not of somebody who only addresses us."""
        if member == "PropertiesChanged":
            if not self._q_tree.change(path, body[0], body[1]):
                return
        elif member == "InterfacesAdded":
            self._q_tree.add(body[0], body[1])
            self._q_ask_settings()
        elif member == "InterfacesRemoved":
            self._q_tree.remove(body[0], body[1])
            self._q_settings.pop(body[0], None)
            self._q_end_starts(body[0])
        elif member == "Updated":
            self._q_settings.pop(path, None)
            self._q_ask_settings()
        if not self._q_settle.isActive():
            self._q_settle.start()

    # -- what NetworkManager tells

    def _q_take_owner(self, answer: tuple[Any, ...] | BusError) -> None:
        owner = answer[0] if isinstance(answer, tuple) else ""
        if owner == self._q_owner and self._q_state is not _State.ABSENT:
            return
        self._q_forget()
        self._q_owner = owner
        if not owner:
            self._q_updated()
            return
        assert self._q_bus is not None
        self._q_state = _State.LOADING
        self._q_bus.call_bus("GetConnectionUnixProcessID", "s", (owner,), self._q_take_process)

    def _q_take_process(self, answer: tuple[Any, ...] | BusError) -> None:
        """Somebody in another network namespace may reach the same bus: those networks are not his."""
        if isinstance(answer, tuple) and _is_elsewhere(answer[0]):
            self._q_forget()
            self._q_updated()
        elif self._q_state is _State.LOADING:
            self._q_load()

    def _q_load(self) -> None:
        self._q_call(_ROOT, _OBJECT_MANAGER, "GetManagedObjects", "", (), self._q_take_objects)

    def _q_take_objects(self, answer: tuple[Any, ...] | BusError) -> None:
        if self._q_state in (_State.LOADING, _State.PRESENT):
            if isinstance(answer, tuple):
                self._q_tree.replace(answer[0])
            self._q_state = _State.PRESENT
            self._q_ask_settings()
            if not self._q_asked:
                self._q_conclude()

    def _q_ask_settings(self) -> None:
        paths = list(self._q_tree.having(CONNECTION))[:MAX_PROFILES]
        for path in paths:
            if path not in self._q_settings and path not in self._q_asked:
                self._q_asked.add(path)
                self._q_call(path, CONNECTION, "GetSettings", "", (), _Settings(self, path))

    def _q_take_settings(self, path: str, answer: tuple[Any, ...] | BusError) -> None:
        if path in self._q_asked:
            self._q_asked.discard(path)
            if path in self._q_tree.having(CONNECTION):  # it may be gone by now
                self._q_settings[path] = answer[0] if isinstance(answer, tuple) else {}  # another user's are secret
            if not self._q_asked:
                self._q_conclude()

    def _q_conclude(self) -> None:
        """Tell what is different; once the profiles are all known."""
        if self._q_asked or self._q_state is not _State.PRESENT:
            return
        self._q_settle.stop()
        before, self._q_known = self._q_known, profiles(self._q_tree, self._q_settings)
        for identifier in before.keys() - self._q_known.keys():
            QBearerEngine.configurationRemoved.emit_from(self, identifier)
        for identifier, profile in list(self._q_known.items()):
            if identifier not in before:
                QBearerEngine.configurationAdded.emit_from(self, profile.facts)
            elif before[identifier].facts != profile.facts:
                QBearerEngine.configurationChanged.emit_from(self, profile.facts)
        self._q_look_at_starts()
        self._q_updated()

    def _q_look_at_starts(self) -> None:
        """An activation that was asked for is over when its active connection is activated, or deactivated instead."""
        actives = self._q_tree.having(ACTIVE)
        for identifier, path in list(self._q_starting.items()):
            state = actives.get(path, {}).get("State", ACTIVATING)
            if state == ACTIVATED:
                del self._q_starting[identifier]
            elif state == DEACTIVATED:
                self._q_end_starts(path)

    def _q_end_starts(self, path: str) -> None:
        """This active connection has failed, or is gone."""
        for identifier in [key for key, each in self._q_starting.items() if each == path]:
            del self._q_starting[identifier]
            self._q_fail(identifier, QBearerEngine.ConnectionError.ConnectError, "could not be activated")

    def _q_forget(self) -> None:
        """NetworkManager is not there, or not any more."""
        self._q_settle.stop()
        self._q_owner = ""
        self._q_state = _State.ABSENT
        self._q_tree = ObjectTree()
        self._q_settings, self._q_asked, self._q_starting = {}, set(), {}
        known, self._q_known = self._q_known, {}
        for identifier in known:
            QBearerEngine.configurationRemoved.emit_from(self, identifier)

    def _q_updated(self) -> None:
        if self._q_update_due:
            self._q_update_due = False
            QBearerEngine.updateCompleted.emit_from(self)

    def _q_finalize(self) -> None:
        self.shutdown()
        super()._q_finalize()


class _Settings:
    """Takes the settings of the profile at *path*."""

    def __init__(self, engine: NetworkManagerEngine, path: str) -> None:
        self._engine = engine
        self._path = path

    def __call__(self, answer: tuple[Any, ...] | BusError) -> None:
        self._engine._q_take_settings(self._path, answer)


def _is_elsewhere(process: int) -> bool:
    """Whether *process* is known to be in another network namespace; mostly only root may ask."""
    try:
        return os.stat(f"/proc/{process}/ns/net").st_ino != os.stat("/proc/thread-self/ns/net").st_ino
    except OSError:
        return False


class NetworkManagerEnginePlugin(QBearerEnginePlugin):
    """Makes NetworkManager engines where there is a system bus and jeepney is installed."""

    def create(self) -> NetworkManagerEngine | None:
        """A new one, or None: without a word, because most machines have no NetworkManager."""
        try:
            from qnet.bearer._dbus import system_bus_path
        except ImportError:  # the extra is not installed
            return None
        path = system_bus_path()
        if path is None or not (path.startswith("\0") or os.path.exists(path)):
            return None
        return NetworkManagerEngine(path)

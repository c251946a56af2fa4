"""A system bus of one's own, and python-dbusmock's NetworkManager on it, each a real process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

jeepney = pytest.importorskip("jeepney", reason="needs jeepney (extra networkmanager)")

NAME = "org.freedesktop.NetworkManager"
MANAGER = "/org/freedesktop/NetworkManager"
MOCK = "org.freedesktop.DBus.Mock"
PROPERTIES = "org.freedesktop.DBus.Properties"

CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""

DISCONNECTED, ACTIVATED = 30, 100  # NMDeviceState


def mock_python() -> str:
    """An interpreter that has python-dbusmock: ours, or Debian's."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        command = [candidate, "-c", "import dbusmock"]
        if os.path.exists(candidate) and not subprocess.run(command, capture_output=True, timeout=60).returncode:
            return candidate
    pytest.skip("needs python-dbusmock (Debian: python3-dbusmock)")


class Bus:
    """A dbus-daemon; use it in a ``with``."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("dbus-daemon") is None:
            pytest.skip("needs dbus-daemon (Debian: dbus)")
        self.path = str(folder / "bus")
        self.address = f"unix:path={self.path}"
        self._file = folder / "bus.conf"
        self._file.write_text(CONFIGURATION.format(path=self.path))
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Bus:
        self.start()
        return self

    def start(self) -> None:
        Path(self.path).unlink(missing_ok=True)
        command = ["dbus-daemon", f"--config-file={self._file}", "--nofork", "--print-address", "--nopidfile"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        if not self._process.stdout.readline():  # else it listens
            self.stop()
            pytest.fail("dbus-daemon has ended at once")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def __exit__(self, *details: object) -> None:
        self.stop()


class MockNetworkManager:
    """python-dbusmock's NetworkManager, driven over the bus; use it in a ``with``."""

    def __init__(self, bus: Bus, python: str, prefix: tuple[str, ...] = ()) -> None:
        self._bus = bus
        self._command = (*prefix, python, "-m", "dbusmock", "--system", "--template", "networkmanager")
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Any = None

    def __enter__(self) -> MockNetworkManager:
        from jeepney.io.blocking import open_dbus_connection

        self._connection = open_dbus_connection(self._bus.address)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self) -> None:
        """Start it, and wait until it owns its name and has its objects."""
        with self._owners() as next_owner:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self._bus.address},
                stdout=subprocess.DEVNULL,
            )
            while not next_owner():
                pass  # that was another one, which is gone
        self.call("/org/freedesktop", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")

    def stop(self) -> None:
        """Kill it, and wait until the bus knows, unless that is dead, too."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            with self._owners() as next_owner:
                process.kill()
                while self._is_owned() and next_owner():
                    pass
        except OSError:
            pass  # there is no bus any more
        finally:
            process.kill()
            process.wait()

    def _is_owned(self) -> bool:
        reply = self._connection.send_and_get_reply(jeepney.message_bus.NameHasOwner(NAME), timeout=60)
        return bool(reply.body[0])

    @contextmanager
    def _owners(self) -> Iterator[Callable[[], str]]:
        """A function that waits for the name's next owner, "" if there is none."""
        rule = jeepney.MatchRule(
            type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged", path="/org/freedesktop/DBus"
        )
        rule.add_arg_condition(0, NAME)
        self._connection.send_and_get_reply(jeepney.message_bus.AddMatch(rule))
        with self._connection.filter(rule) as owners:
            yield lambda: str(self._connection.recv_until_filtered(owners, timeout=60).body[2])

    def __exit__(self, *details: object) -> None:
        self.stop()
        self._connection.close()

    def call(self, path: str, interface: str, method: str, signature: str = "", *arguments: Any) -> Any:
        """What a method returns: one value, or None."""
        address = jeepney.DBusAddress(path, NAME, interface)
        message = jeepney.new_method_call(address, method, signature or None, arguments)
        reply = self._connection.send_and_get_reply(message, timeout=60)
        assert reply.header.message_type is jeepney.MessageType.method_return, reply.body
        return reply.body[0] if reply.body else None

    # -- what there is, as the template's methods make it

    def add_ethernet(self, interface: str, state: int = DISCONNECTED) -> str:
        path: str = self.call(MANAGER, MOCK, "AddEthernetDevice", "ssi", interface, interface, state)
        return path

    def add_wifi(self, interface: str, *networks: str) -> str:
        """A device with access points called as the *networks*."""
        device: str = self.call(MANAGER, MOCK, "AddWiFiDevice", "ssi", interface, interface, DISCONNECTED)
        for network in networks:
            arguments = (device, network, network, "00:23:F8:7E:12:BB", 2, 2425, 5400, 82, 0x100)
            self.call(MANAGER, MOCK, "AddAccessPoint", "ssssuuuyu", *arguments)
        return device

    def add_wifi_profile(self, device: str, network: str) -> str:
        path: str = self.call(MANAGER, MOCK, "AddWiFiConnection", "ssss", device, network, network, "wpa-psk")
        return path

    def add_profile(self, name: str, kind: str, uuid: str, **details: tuple[str, Any]) -> str:
        """A profile that no device is known to take."""
        connection = {"id": ("s", name), "type": ("s", kind), "uuid": ("s", uuid), **details}
        settings = f"{MANAGER}/Settings"
        path: str = self.call(settings, f"{NAME}.Settings", "AddConnection", "a{sa{sv}}", {"connection": connection})
        return path

    def rename(self, profile: str, name: str) -> None:
        settings = self.call(profile, f"{NAME}.Settings.Connection", "GetSettings")
        settings["connection"]["id"] = ("s", name)
        self.call(profile, f"{NAME}.Settings.Connection", "Update", "a{sa{sv}}", settings)

    def remove_profile(self, profile: str) -> None:
        self.call(profile, f"{NAME}.Settings.Connection", "Delete")

    def uuid(self, profile: str) -> str:
        settings = self.call(profile, f"{NAME}.Settings.Connection", "GetSettings")
        uuid: str = settings["connection"]["uuid"][1]
        return uuid

    def activate(self, profile: str, device: str, state: int) -> str:
        """An active connection as another program would have made it."""
        arguments = ([device], profile, "/", f"active_{profile.rpartition('/')[2]}", state)
        path: str = self.call(MANAGER, MOCK, "AddActiveConnection", "assssu", *arguments)
        return path

    def deactivate(self, device: str, active: str) -> None:
        self.call(MANAGER, MOCK, "RemoveActiveConnection", "ss", device, active)

    def answer(self, method: str, signature: str, result: str, code: str) -> None:
        """Have the manager's *method* run *code*."""
        self.call(MANAGER, MOCK, "AddMethod", "sssss", NAME, method, signature, result, code)

    def set(self, path: str, interface: str, name: str, signature: str, value: Any) -> None:
        self.call(path, PROPERTIES, "Set", "ssv", interface, name, (signature, value))

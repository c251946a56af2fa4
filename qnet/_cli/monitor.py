"""``python -m qnet monitor``: what changes, while it changes."""

from __future__ import annotations

import argparse
import os
import signal
import stat
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING, Any

from qnet._cli.output import print_json_line, printable

if TYPE_CHECKING:
    from qnet.bearer._data import ConfigurationData
    from qnet.core.socketnotifier import QSocketNotifier
    from qnet.kernel._interface_facts import Change, DefaultRoute, Interface

__all__ = ["DESCRIPTION", "add_arguments"]

DESCRIPTION = """\
Show changes of interfaces and networks as they happen, a line each, until Ctrl-C (or for some seconds).

With --json every line is an object with "time" (UTC) and "event":
  started                  the interfaces and networks that there are; always the first line
  interface-added, interface-removed, interface-changed, interface-renamed
  default-routes-changed
  network-added, network-removed, network-changed   an access point or a service network
  default-changed          what programs use that do not say which network
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of this subcommand to *parser*."""
    parser.add_argument("--json", action="store_true", help="print an object a line, for programs")
    parser.add_argument("--for", type=_seconds, dest="seconds", metavar="SECONDS", help="end after this time")
    parser.set_defaults(run=run)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 1e6:  # and not what is no number
        raise argparse.ArgumentTypeError(f"expected a number of seconds from 0 to 1000000, not {text!r}")
    return seconds


def run(arguments: argparse.Namespace) -> None:
    """Print what happens until Ctrl-C."""
    with _Interrupts() as interrupts:
        _watch(arguments, interrupts)


def _watch(arguments: argparse.Namespace, interrupts: _Interrupts) -> None:
    from qnet.core.application import QCoreApplication
    from qnet.core.timer import QTimer

    application = QCoreApplication(["qnet"])
    monitor = Monitor(json=arguments.json, seconds=arguments.seconds)
    interrupts.end = QCoreApplication.quit
    QTimer.singleShot(0, interrupts.end_if_due)  # one that came while modules were loaded
    application.exec()
    if monitor.error is not None:
        raise monitor.error


class _Interrupts:
    """Ctrl-C is how this ends, and no exception: one that comes while things are taken apart would be printed.

    In the block it calls `end`, any number of times.
    """

    def __init__(self) -> None:
        self.end: Callable[[], object] | None = None
        self._due = False
        self._previous: Any = None

    def __enter__(self) -> _Interrupts:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the shell has us ignore it
            self._previous = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *details: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._due = True
        self.end_if_due()

    def end_if_due(self) -> None:
        """Call `end` if there was a Ctrl-C."""
        if self._due and self.end is not None:
            self.end()


class Monitor:
    """Prints what there is, once that is known, and then every change; ends the event loop *seconds* later.

    `error` is why nothing can be printed any more: then the event loop has ended, too.
    """

    def __init__(self, *, json: bool, seconds: float | None) -> None:
        from qnet.bearer._store import ConfigurationWatch
        from qnet.kernel._interface_monitor import InterfaceWatch

        self.error: OSError | None = None
        self._json = json
        self._seconds = seconds
        self._started = False
        self._default = ""
        self._interfaces = InterfaceWatch()
        self._interfaces.changed.connect(self._interfaces_changed)
        self._networks = ConfigurationWatch()
        self._networks.changed.connect(self._networks_changed)
        self._networks.updated.connect(self._start)
        self._store = self._networks.store()
        self._reader = _reader_of_output()
        if self._reader is not None:
            self._reader.activated.connect(self._abandoned)

    def _abandoned(self) -> None:
        """Whoever read the output has gone away: ``head``, with the lines that it wanted."""
        self._end(BrokenPipeError("nobody reads"))

    def _end(self, error: OSError) -> None:
        from qnet.core.application import QCoreApplication

        if self._reader is not None:
            self._reader.setEnabled(False)
        self.error = error
        QCoreApplication.quit()

    def _start(self) -> None:
        """Every engine has told what there is."""
        from qnet._cli.interfaces import snapshot_as_list
        from qnet.core.application import QCoreApplication
        from qnet.core.timer import QTimer

        if self._started:
            return
        self._started = True
        self._default = self._default_now()
        interfaces = snapshot_as_list(self._interfaces.snapshot())
        networks = [_network(record) for record in self._store.all() if _is_shown(record)]
        names = ", ".join(each["name"] for each in interfaces) or "no interface yet"
        self._print(
            "started",
            f"watching {names}; Ctrl-C ends this",
            interfaces=interfaces,
            networks=networks,
            default=self._default or None,
        )
        if self._seconds is not None:
            QTimer.singleShot(int(self._seconds * 1000), QCoreApplication.quit)

    def _print(self, event: str, text: str, **details: object) -> None:
        now = datetime.now(timezone.utc)
        try:
            if self._json:
                time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                print_json_line({"time": time, "event": event, **details})
            else:
                clock = now.astimezone().strftime("%H:%M:%S.") + f"{now.microsecond // 1000:03}"
                print(f"{clock}  {printable(text)}", flush=True)
        except OSError as error:
            self._end(error)

    # -- interfaces

    def _interfaces_changed(self, change: Change) -> None:
        from qnet._cli.interfaces import describe

        if not self._started:
            return
        for interface in change.removed:
            self._print("interface-removed", f"{interface.name}  removed", interface=describe(interface))
        for interface in change.added:
            text = f"{interface.name}  added: {_summary(interface)}"
            self._print("interface-added", text, interface=describe(interface))
        for old, new in change.renamed:
            text = f"{new.name}  renamed from {old.name}"
            self._print("interface-renamed", text, before=old.name, interface=describe(new))
        for old, new in change.changed:
            differences = _differences(old, new)
            if differences:
                text = f"{new.name}  {', '.join(differences)}"
                self._print("interface-changed", text, changes=differences, interface=describe(new))
        if change.routes_changed:
            routes = [_route(each, change.after.interfaces) for each in change.after.default_routes]
            text = ", ".join(f"{each['family']} over {each['interface']}" for each in routes) or "none"
            self._print("default-routes-changed", f"default routes: {text}", routes=routes)

    # -- networks

    def _networks_changed(self, changes: list[tuple[Any, ConfigurationData]]) -> None:
        if not self._started:
            return
        for change, record in filter(lambda each: _is_shown(each[1]), changes):
            facts = record.facts
            kind = change.name.lower()
            state = "" if kind == "removed" else f": {_bare(facts.state)}"
            self._print(f"network-{kind}", f"network {facts.name}  {kind}{state}", network=_network(record))
        default = self._default_now()
        if default != self._default:
            self._default = default
            self._print("default-changed", f"default network: {default or 'none'}", default=default or None)

    def _default_now(self) -> str:
        record = self._store.default()
        return record.identifier if record is not None else ""


def _reader_of_output() -> QSocketNotifier | None:
    """Activated when standard output is a pipe that nobody reads any more: nothing can be read from our end of it.

    Without it ``monitor | head -1`` would only end with the next change.
    """
    from qnet.core.socketnotifier import QSocketNotifier

    try:
        import fcntl

        descriptor = sys.stdout.fileno()
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode) and flags & os.O_ACCMODE == os.O_WRONLY
    except (OSError, ImportError):  # a program has put something else there; Windows
        is_pipe = False
    return QSocketNotifier(descriptor, QSocketNotifier.Type.Read) if is_pipe else None


def _is_shown(record: ConfigurationData) -> bool:
    """Not the question to the user, which is no network."""
    return record.facts.type.name != "UserChoice"


def _network(record: ConfigurationData) -> dict[str, Any]:
    facts = record.facts
    return {
        "identifier": facts.identifier,
        "name": facts.name,
        "type": _bare(facts.type),
        "state": _bare(facts.state),
        "interface": facts.interface_name,
        "children": list(facts.children),
    }


def _bare(member: Enum) -> str:
    from qnet._cli.access_points import bare

    return bare(member)


def _summary(interface: Interface) -> str:
    from qnet._cli.interfaces import describe, described_state

    return ", ".join([described_state(describe(interface)), *map(str, interface.addresses)])


def _differences(old: Interface, new: Interface) -> list[str]:
    """What is different, in words; not the name."""
    found = []
    if old.is_up() != new.is_up():
        found.append("up" if new.is_up() else "down")
    if old.is_running() != new.is_running():
        found.append("running" if new.is_running() else "not running")
    found += [f"address {each} added" for each in new.addresses if each not in old.addresses]
    found += [f"address {each} removed" for each in old.addresses if each not in new.addresses]
    if old.mtu != new.mtu:
        found.append(f"mtu {new.mtu}")
    if old.hardware_address != new.hardware_address:
        found.append(f"hardware address {new.hardware_address.hex(':')}")
    if not found and (old.flags, old.hardware) != (new.flags, new.hardware):
        found.append("flags changed")
    return found


def _route(route: DefaultRoute, interfaces: Any) -> dict[str, Any]:
    import ipaddress
    import socket

    interface = interfaces.get(route.index)
    return {
        "family": "ipv4" if route.family == socket.AF_INET else "ipv6",
        "interface": interface.name if interface is not None else "",
        "gateway": str(ipaddress.ip_address(route.gateway)) if route.gateway else None,
        "metric": route.metric,
    }

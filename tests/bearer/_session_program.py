"""A program with sessions in a process of its own, in a network namespace: one command a line, one answer each.

session NAME INTERFACE | open NAME | close NAME | stop NAME | state NAME | wait NAME CONDITION | said NAME | ...
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from _line_process import LineProcess
from _netns import Namespace

HERE = Path(__file__).resolve().parent


class Program(LineProcess):
    """Such a process; use it in a ``with``."""

    def __init__(self, net: Namespace, **environment: str) -> None:
        path = os.pathsep.join([str(HERE), Namespace.python_path()])
        super().__init__(__file__, environment={**os.environ, "PYTHONPATH": path, **environment}, prefix=net.prefix)


class Commands:
    """What runs in the process."""

    def __init__(self, bt: Any) -> None:
        self.bt = bt
        self.manager = bt.QNetworkConfigurationManager()
        looked: list[bool] = []
        self.manager.updateCompleted.connect(lambda: looked.append(True))
        assert bt.wait(lambda: looked)  # before that there may be no configuration, and nothing that can be done
        self.sessions: dict[str, Any] = {}
        self.log: dict[str, list[str]] = {}

    def configuration(self, name: str) -> Any:
        found = [each for each in self.manager.allConfigurations() if each.name() == name]
        assert found, f"no configuration {name}"
        return found[0]

    def do_session(self, name: str, interface: str) -> str:
        session = self.sessions[name] = self.bt.QNetworkSession(self.configuration(interface))
        log = self.log[name] = []
        session.opened.connect(lambda: log.append("opened"))
        session.closed.connect(lambda: log.append("closed"))
        session.stateChanged.connect(lambda state: log.append(state.name))
        session.error.connect(lambda code: log.append(code.name))
        return self.do_state(name)

    def do_open(self, name: str) -> str:
        self.sessions[name].open()
        return self.do_state(name)

    def do_close(self, name: str) -> str:
        self.sessions[name].close()
        return self.do_state(name)

    def do_may_stop_any(self, name: str) -> str:
        self.sessions[name].setSessionProperty("StopAnyInterface", True)
        return "from now on"

    def do_stop(self, name: str) -> str:
        self.sessions[name].stop()
        return self.do_state(name)

    def do_drop(self, name: str) -> str:
        del self.sessions[name]
        return "dropped"

    def do_state(self, name: str) -> str:
        session = self.sessions[name]
        return f"{session.state().name}, {'open' if session.isOpen() else 'not open'}"

    def do_error(self, name: str) -> str:
        return str(self.sessions[name].errorString())

    def do_until(self, name: str, *state: str) -> str:
        self.bt.wait(lambda: self.do_state(name) == " ".join(state), 30)
        return self.do_state(name)

    def do_said(self, name: str) -> str:
        self.bt.process()
        said = " ".join(self.log[name])
        self.log[name].clear()
        return said

    def do_blocking(self, name: str, msecs: str) -> str:
        """As a program without a loop."""
        session = self.sessions[name]
        session.open()
        return f"{session.waitForOpened(int(msecs))}: {self.do_state(name)}"

    def do_busy(self, name: str, msecs: str) -> str:
        """Keep the bearer thread busy."""
        self.sessions[name]._q_hub.store.call(time.sleep, int(msecs) / 1000)
        return "busy"

    def do_rest(self, name: str) -> str:
        """Wait until the bearer thread has done what it was asked for."""
        done = threading.Event()
        self.sessions[name]._q_hub.store.call(done.set)
        return str(done.wait(30))

    def do_turn(self, msecs: str) -> str:
        self.bt.spin(int(msecs))
        return "turned"

    def do_count(self, name: str) -> str:
        session = self.sessions[name]
        return str(session._q_hub.sessions.count(session.configuration().identifier()))

    def do_timeout(self, interface: str, msecs: str) -> str:
        return str(self.configuration(interface).setConnectTimeout(int(msecs)))

    def do_racing(self, name: str, times: str) -> str:
        """Open, and close or stop, as fast as the loop turns; the counts on the way have to make sense."""
        session = self.sessions[name]
        worst = 0
        for number in range(int(times)):
            session.open()
            if session.isOpen():
                worst = min(worst, int(self.do_count(name)))
            if number % 3 == 0:
                session.stop()
            session.close()
            if number % 10 == 0:
                self.bt.process()
        self.bt.spin(100)
        return f"{worst} {self.do_state(name)}"

    def do_daemon(self, name: str) -> str:
        """Fork; the parent leaves as daemons' parents do, and the child goes on with the session."""
        if os.fork():
            os._exit(0)
        return f"{self.bt.wait(lambda: self.do_count(name) == '1')} {self.do_state(name)}"


def main() -> None:
    from _implementations import Implementation

    from qnet.bearer import _session_file

    _session_file.PATIENCE = 30.0  # whoever has the guard is slow, and not stopped
    bt = Implementation("qnet")
    application = bt.app()
    commands = Commands(bt)
    reader = bt.QSocketNotifier(0, bt.QSocketNotifier.Type.Read)
    waiting = [b""]

    def read() -> None:
        data = os.read(0, 65536)
        if not data:
            application.quit()
        *lines, waiting[0] = (waiting[0] + data).split(b"\n")
        reader.setEnabled(False)  # a command may turn a loop of its own
        for line in lines:
            name, *arguments = line.decode().split()
            print(getattr(commands, f"do_{name}")(*arguments), flush=True)
        reader.setEnabled(True)

    reader.activated.connect(read)
    application.exec()


if __name__ == "__main__":
    main()

"""Sessions in a network of their own, and what they have said: for tests on qnet and on Qt 5.15."""

from __future__ import annotations

import subprocess
from typing import Any

from _implementations import Implementation

CABLE = """\
link set lo up
link add va type veth peer name vb
link set va addrgenmode none
link set vb addrgenmode none
addr add 10.1.0.1/24 dev va
"""
UP = "link set va up\nlink set vb up\n"


ACTIVE = 14


def ip(commands: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, timeout=60)


def number(value: Any) -> int:
    return int(value)


class Story:
    """A manager and sessions; what they say goes to `log` as [name, what, arguments...]."""

    def __init__(self, bt: Implementation, commands: str = CABLE + UP) -> None:
        self.bt = bt
        self.application = bt.app()
        ip(commands)
        self.manager = bt.QNetworkConfigurationManager()
        self.log: list[Any] = []
        self.told: dict[str, Any] = {}
        self.updates = 0
        self.manager.updateCompleted.connect(self._count)
        if bt.is_qnet:
            assert bt.wait(lambda: self.updates)  # the engines have looked for the first time
        assert bt.wait(lambda: self.named("va"))

    def _count(self) -> None:
        self.updates += 1

    def named(self, name: str) -> Any:
        return next((each for each in self.manager.allConfigurations() if each.name() == name), None)

    def session(self, configuration: Any, name: str) -> Any:
        session = self.bt.QNetworkSession(configuration)
        log = self.log
        session.opened.connect(lambda: log.append([name, "opened", number(session.state()), session.isOpen()]))
        session.closed.connect(lambda: log.append([name, "closed", number(session.state()), session.isOpen()]))
        session.stateChanged.connect(lambda state: log.append([name, "state", number(state)]))
        session.error.connect(lambda code: log.append([name, "error", number(code)]))
        session.newConfigurationActivated.connect(lambda: log.append([name, "activated"]))
        return session

    def said(self, by: str = "") -> list[Any]:
        """What was said since the last time, by one session or by all."""
        said = [each for each in self.log if not by or each[0] == by]
        self.log.clear()
        return [each[1:] for each in said] if by else said

    def until_active(self, *names: str) -> None:
        """Wait for their carriers, of which the kernel tells when it sees fit."""
        assert self.bt.wait(lambda: all(number(self.named(name).state()) == ACTIVE for name in names))

    def after(self, commands: str, condition: Any) -> None:
        """Run ``ip``, and wait until the *condition* is true, and nothing about it is on its way any more."""
        ip(commands)
        assert self.bt.wait(condition), (commands, self.log)
        self.settle()

    def settle(self, milliseconds: int = 150) -> None:
        """Wait until everybody has heard of what is known, and then whether anything else is told."""
        before = self.updates
        self.manager.updateConfigurations()  # when that is done, all that is different has been said
        assert self.bt.wait(lambda: self.updates > before), self.log
        self.bt.spin(milliseconds)

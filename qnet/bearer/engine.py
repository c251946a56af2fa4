"""QBearerEngine: the contract between what knows the networks of a machine and the store that keeps them.

The names are Qt 5's; the contract is this project's own.
"""

from __future__ import annotations

from qnet.bearer._capabilities import Capability
from qnet.bearer._data import Facts
from qnet.core._enums import QtEnum, flat_enums
from qnet.core.object import QObject
from qnet.core.signals import Signal

__all__ = ["QBearerEngine"]


@flat_enums
class QBearerEngine(QObject):
    """Tells what configurations there are, and starts and stops them where it can.

    An engine is made, and lives, in the bearer thread, whose loop serves it. There it may take its time, but the other
    engines wait meanwhile. Every method but `statistics` is called in that thread, and the signals are emitted there.
    It is thrown away when nobody is interested any more, and another one made when somebody is.

    =====================  ======================================================================================
    `initialize`           called once, first: read what is there, emit `configurationAdded` for each, and begin to
                           listen. Then `updateCompleted`, at once or later
    `requestUpdate`        look again now; then `updateCompleted`, at once or later
    `startInterface` ...   the result is a `configurationChanged`, or `connectionError`
    `shutdown`             called last: stop listening and give everything back
    =====================  ======================================================================================
    """

    class ConnectionError(QtEnum):
        """Why an interface could not be started or stopped."""

        InterfaceLookupError = 0
        ConnectError = 1
        OperationNotSupported = 2
        DisconnectError = 3

    configurationAdded = Signal(object)
    """There is a new one: the argument is its `Facts`."""
    configurationChanged = Signal(object)
    """Something about one is different: the argument is its `Facts`, whose identifier is known."""
    configurationRemoved = Signal(str)
    """The one with this identifier is gone."""
    updateCompleted = Signal()
    """What `initialize` or `requestUpdate` began has ended."""
    connectionError = Signal(str, object, str)
    """Identifier, `ConnectionError` and a text: what was asked for cannot be done."""

    name = "engine"
    """What the engine is called in messages, and in QNET_BEARER_ENGINES."""

    def initialize(self) -> None:
        """Begin; see the table above."""
        raise NotImplementedError("an engine implements initialize()")

    def requestUpdate(self) -> None:
        """Look again; see the table above."""
        raise NotImplementedError("an engine implements requestUpdate()")

    def shutdown(self) -> None:
        """End; by default there is nothing to give back."""

    def othersChanged(self) -> None:
        """Called when another engine has told something; by default that does not matter."""

    def configurations(self) -> list[Facts]:
        """What there is now."""
        raise NotImplementedError("an engine implements configurations()")

    def hasIdentifier(self, identifier: str) -> bool:
        """Whether the configuration with this identifier is one of this engine's."""
        return any(facts.identifier == identifier for facts in self.configurations())

    def capabilities(self) -> Capability:
        """What this engine adds to `QNetworkConfigurationManager.capabilities`."""
        return Capability(0)

    def requiresPolling(self) -> bool:
        """Whether `requestUpdate` has to be called from time to time because nothing tells of changes."""
        return False

    def pollInterval(self) -> int:
        """Milliseconds until the next `requestUpdate`; asked again after every `updateCompleted`."""
        return 10_000

    def startInterface(self, identifier: str) -> None:
        """Start the interface of a configuration; by default it cannot be done."""
        self._q_refuse(identifier, "started")

    def stopInterface(self, identifier: str) -> None:
        """Stop the interface of a configuration; by default it cannot be done."""
        self._q_refuse(identifier, "stopped")

    def _q_refuse(self, identifier: str, what: str) -> None:
        error = QBearerEngine.ConnectionError.OperationNotSupported
        text = f"the {self.name} engine cannot have interfaces {what}"
        QBearerEngine.connectionError.emit_from(self, identifier, error, text)

    @staticmethod
    def statistics(facts: Facts) -> tuple[int, int] | None:
        """Bytes sent and received by what *facts* tell of, since it exists; None if unknown. Any thread calls it."""
        del facts
        return None

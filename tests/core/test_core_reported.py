"""What programs written for PySide6 did on qnet and not on Qt: one test for each."""

from __future__ import annotations

import threading
from abc import ABCMeta, abstractmethod
from typing import Any, Protocol

import pytest
from _implementations import Implementation


def test_a_finishing_thread_that_is_deleted_tells_all_its_slots(qt: Implementation, app: Any) -> None:
    """`finished` is connected to `deleteLater` first, and the main thread is quicker than the emission."""
    told = []
    deleted = threading.Event()
    thread = qt.QThread()

    class Receiver(qt.QObject):
        @qt.Slot()
        def finished(self) -> None:
            told.append("finished")

    receiver = Receiver()
    thread.destroyed.connect(deleted.set)
    thread.finished.connect(thread.deleteLater)
    thread.finished.connect(lambda: told.append(f"deleted: {deleted.wait(0.3)}"), qt.Qt.ConnectionType.DirectConnection)
    thread.finished.connect(receiver.finished)
    thread.start()
    thread.quit()
    assert qt.wait(deleted.is_set)
    assert qt.wait(lambda: len(told) == 2)
    assert told == ["deleted: False", "finished"]


class Named(Protocol):
    def name(self) -> str: ...


def combined(qt: Implementation, other: type, first: bool) -> Any:
    """A metaclass of QObject's type and another, as programs make one, in one order or the other."""
    bases = (other, type(qt.QObject)) if first else (type(qt.QObject), other)
    return type("Meta", bases, {})


@pytest.mark.parametrize("first", [True, False])
def test_a_class_may_be_a_qobject_and_abstract(qt: Implementation, app: Any, first: bool) -> None:
    class Reader(qt.QObject, metaclass=combined(qt, ABCMeta, first)):
        @abstractmethod
        def read(self) -> str: ...

    class File(Reader):
        changed = qt.Signal(str)

        def read(self) -> str:
            self.changed.emit("read")
            return "text"

    heard: list[str] = []
    reader = File()
    reader.changed.connect(heard.append)
    assert reader.read() == "text"
    assert heard == ["read"]


def test_a_class_may_be_a_qobject_and_a_protocol(qt: Implementation, app: Any) -> None:
    class Person(qt.QObject, Named, metaclass=combined(qt, type(Named), False)):
        def name(self) -> str:
            return "Anna"

    assert Person().name() == "Anna"


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("QObject", lambda obj: obj.objectName()),
        ("QObject", lambda obj: obj.deleteLater()),
        ("QTimer", lambda obj: obj.start(5)),
        ("QThread", lambda obj: obj.start()),
        ("QTcpSocket", lambda obj: obj.connectToHost("127.0.0.1", 9)),
        ("QTcpServer", lambda obj: obj.listen()),
    ],
)
def test_a_forgotten_super_init_is_told(qt: Implementation, app: Any, name: str, call: Any) -> None:
    class Forgetful(getattr(qt, name)):  # type: ignore[misc]  # a class of either implementation
        def __init__(self) -> None:
            self.mine = 1

    obj = Forgetful()
    assert obj.mine == 1
    with pytest.raises(RuntimeError, match=r"'__init__' method of object's base class \(Forgetful\) not called"):
        call(obj)
    with pytest.raises(AttributeError):
        obj.nothing


@pytest.mark.parametrize(
    ("owner", "plural", "flag"),
    [
        ("QIODevice", "OpenMode", "OpenModeFlag"),
        ("QTcpSocket", "OpenMode", "OpenModeFlag"),
        ("QTcpSocket", "BindMode", "BindFlag"),
        ("QByteArray", "Base64Options", "Base64Option"),
        ("QEventLoop", "ProcessEventsFlags", "ProcessEventsFlag"),
        ("QFile", "FileHandleFlags", "FileHandleFlag"),
        ("QFile", "MemoryMapFlags", "MemoryMapFlag"),
        ("QFile", "Permissions", "Permission"),
        ("QHostAddress", "ConversionMode", "ConversionModeFlag"),
        ("QLocalServer", "SocketOptions", "SocketOption"),
        ("QNetworkInformation", "Features", "Feature"),
        ("QNetworkInterface", "InterfaceFlags", "InterfaceFlag"),
        ("QNetworkProxy", "Capabilities", "Capability"),
        ("QStringConverter", "Flags", "Flag"),
        ("QTextStream", "NumberFlags", "NumberFlag"),
        ("QUrl", "AceProcessingOptions", "AceProcessingOption"),
        ("QUrl", "FormattingOptions", "ComponentFormattingOption"),
        ("QUrl", "UserInputResolutionOptions", "UserInputResolutionOption"),
        ("Qt", "FindChildOptions", "FindChildOption"),
        ("Qt", "SplitBehavior", "SplitBehaviorFlags"),
    ],
)
def test_qts_names_of_combined_flags_are_the_flags(qt: Implementation, owner: str, plural: str, flag: str) -> None:
    """Older programs write ``QIODevice.OpenMode(QIODevice.ReadOnly)``."""
    cls = getattr(qt, owner)
    assert getattr(cls, plural) is getattr(cls, flag)


@pytest.mark.parametrize(
    ("expected", "wait"),
    [
        (True, lambda qt, ms: qt.QThread().wait(ms)),
        (True, lambda qt, ms: qt.QMutex().tryLock(ms)),
        (True, lambda qt, ms: qt.QSemaphore(1).tryAcquire(1, ms)),
        (False, lambda qt, ms: qt.QSemaphore(1).tryAcquire(2, ms)),
        (True, lambda qt, ms: qt.QReadWriteLock().tryLockForWrite(ms)),
        (True, lambda qt, ms: qt.QThreadPool().waitForDone(ms)),
    ],
)
def test_milliseconds_may_be_reckoned(qt: Implementation, app: Any, expected: bool, wait: Any) -> None:
    """``seconds * 1000`` is a float; what is behind the point is dropped."""
    assert wait(qt, 0.0125 * 1000) is expected


@pytest.mark.parametrize("code", ["3", None])
def test_an_exit_code_is_a_number(qt: Implementation, app: Any, code: Any) -> None:
    refused: list[Any] = []

    def leave() -> None:
        with pytest.raises((TypeError, ValueError)) as refusal:
            qt.QCoreApplication.exit(code)
        refused.append(refusal.value)
        qt.QCoreApplication.exit(4)

    qt.QTimer.singleShot(0, leave)
    assert app.exec() == 4
    assert len(refused) == 1

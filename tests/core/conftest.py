"""Fixtures that tests of objects, events and threads share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from _implementations import Implementation


@pytest.fixture
def thread(qt: Implementation, app: Any) -> Iterator[Any]:
    """A thread that runs an event loop; ended and joined after the test."""
    worker = qt.QThread()
    worker.start()
    yield worker
    worker.quit()
    assert worker.wait(30_000)


@pytest.fixture
def messages(qt: Implementation) -> Iterator[list[str]]:
    """The texts that the library prints (``qWarning`` and its kin) during the test."""
    texts: list[str] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: texts.append(text))
    yield texts
    qt.qInstallMessageHandler(previous)


@pytest.fixture
def source(qt: Implementation) -> Any:
    class Source(qt.QObject):
        bare = qt.Signal()
        one = qt.Signal(int)
        text = qt.Signal(str)
        two = qt.Signal(str, int)
        thing = qt.Signal(object)
        overloaded = qt.Signal((int,), (str,), (str, int))
        typed = qt.Signal(int, name="renamed")
        described = qt.Signal(int, str, arguments=["row", "title"])
        nothing = qt.Signal(None)

    return Source()


@pytest.fixture
def receiver(qt: Implementation) -> Any:
    class Receiver(qt.QObject):
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[Any] = []

        def everything(self, *args: Any) -> None:
            self.calls.append(args)

        def nothing(self) -> None:
            self.calls.append("nothing")

        def first(self, value: Any) -> None:
            self.calls.append(value)

        def optional(self, value: Any, more: Any = "default") -> None:
            self.calls.append((value, more))

        @qt.Slot(int)
        def decorated(self, value: int) -> None:
            self.calls.append(("decorated", value))

        @qt.Slot(str, name="other", result=int)
        def named(self, value: str) -> int:
            self.calls.append(("named", value))
            return 5

        @qt.Slot()
        def empty(self) -> None:
            self.calls.append("empty")

        @classmethod
        def of_class(cls, value: Any) -> None:
            cls.class_calls.append(value)

        @staticmethod
        def of_nobody(value: Any) -> None:
            Receiver.class_calls.append(value)

    Receiver.class_calls = []
    return Receiver()

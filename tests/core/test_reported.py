"""What programs written for PySide6 did on qnet and not on Qt: one test for each."""

from __future__ import annotations

import threading
from typing import Any

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

"""Ctrl-C while a loop runs: at once in the program's code and in waits, between turns anywhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from qnet.core._interrupt import InterruptGuard

pytestmark = pytest.mark.qnet("Qt does not know KeyboardInterrupt")

ROOT = Path(__file__).resolve().parents[2]


def run(program: str, *, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


def test_a_slot_that_never_returns_can_be_interrupted() -> None:
    done = run("""
        import os, signal, threading
        from qnet.QtCore import QCoreApplication, QTimer

        def hang():
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            while True:
                pass

        app = QCoreApplication([])
        QTimer.singleShot(0, hang)
        try:
            app.exec()
        except KeyboardInterrupt:
            print("interrupted")
    """)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_nothing_is_sent_twice_whenever_it_comes() -> None:
    """A server that is interrupted over and over while it sends loses and repeats nothing."""
    done = run("""
        import os, random, signal, socket, threading, time
        from qnet.QtCore import QCoreApplication, QTimer
        from qnet.QtNetwork import QHostAddress, QTcpServer

        app = QCoreApplication([])
        server = QTcpServer()
        assert server.listen(QHostAddress("127.0.0.1"))
        wire = socket.create_connection(("127.0.0.1", server.serverPort()))
        received = bytearray()

        def drain():
            while data := wire.recv(65536):
                received.extend(data)

        reader = threading.Thread(target=drain)
        reader.start()
        while not server.hasPendingConnections():
            app.processEvents()
        client = server.nextPendingConnection()
        number = 0

        running, handled = threading.Event(), threading.Event()

        def produce():
            global number
            running.set()
            for _ in range(50):
                client.write(b"%08d" % number)
                number += 1

        timer = QTimer(timeout=produce)
        timer.start(0)

        def press():
            for _ in range(300):
                running.clear()
                running.wait()  # the loop runs: nobody but it gets the signal
                time.sleep(random.uniform(0.0, 0.002))
                os.kill(os.getpid(), signal.SIGINT)
                handled.wait()
                handled.clear()

        presser = threading.Thread(target=press)
        presser.start()
        interrupts = 0
        while interrupts < 300:
            try:
                app.exec()
            except KeyboardInterrupt:
                interrupts += 1
                handled.set()
        presser.join()
        timer.stop()
        client.disconnectFromHost()
        while client.bytesToWrite() or client.state() != client.SocketState.UnconnectedState:
            app.processEvents()
        reader.join()
        wire.close()
        server.close()
        numbers = [int(received[i : i + 8]) for i in range(0, len(received), 8)]
        # An interrupted produce() may have written a number and not counted it: that one comes twice.
        repeats = sum(b != a + 1 for a, b in zip(numbers, numbers[1:]))
        print(interrupts, len(received) % 8, all(b in (a, a + 1) for a, b in zip(numbers, numbers[1:])), repeats <= 300)
    """)
    assert done.stderr == ""
    assert done.stdout == "300 0 True True\n"


def test_a_handler_of_the_program_stays() -> None:
    done = run("""
        import os, signal
        from qnet.QtCore import QCoreApplication, QTimer

        app = QCoreApplication([])
        signal.signal(signal.SIGINT, lambda *_: (print("mine"), app.quit()))
        QTimer.singleShot(20, lambda: os.kill(os.getpid(), signal.SIGINT))
        print(app.exec())
        print(signal.getsignal(signal.SIGINT) is not signal.default_int_handler)
    """)
    assert (done.stdout, done.stderr) == ("mine\n0\nTrue\n", "")


def test_pythons_handler_is_back_after_exec_and_a_new_one_is_kept() -> None:
    done = run("""
        import signal
        from qnet.QtCore import QCoreApplication, QTimer

        app = QCoreApplication([])
        QTimer.singleShot(0, app.quit)
        app.exec()
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)

        def install():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            app.quit()

        QTimer.singleShot(0, install)
        app.exec()
        print(signal.getsignal(signal.SIGINT) is signal.SIG_DFL)
    """)
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")


def test_what_was_noted_is_raised_at_the_end_of_the_loop_at_the_latest() -> None:
    done = run("""
        from qnet.QtCore import QCoreApplication, QTimer

        app = QCoreApplication([])

        def quit_with_a_note():
            app.eventDispatcher()._q_guard.pending = True
            app.quit()

        QTimer.singleShot(0, quit_with_a_note)
        try:
            app.exec()
        except KeyboardInterrupt:
            print("interrupted")
    """)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_the_guard_defers_in_qnet_only() -> None:
    guard = InterruptGuard()
    with pytest.raises(KeyboardInterrupt):
        guard._handle(signal.SIGINT, sys._getframe())
    assert not guard.pending

    class Frame:
        f_code: Any = InterruptGuard.install.__code__

    guard._handle(signal.SIGINT, Frame())  # type: ignore[arg-type]
    assert guard.pending
    with pytest.raises(KeyboardInterrupt):
        guard.check()
    guard.check()

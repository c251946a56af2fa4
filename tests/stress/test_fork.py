"""What a forked child may do: go on with what it finds, or make an application of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

PROLOGUE = """
import faulthandler, multiprocessing, os, socket, sys, threading, warnings
faulthandler.dump_traceback_later(100, exit=True)
warnings.simplefilter("error")
warnings.filterwarnings("ignore", message=".*multi-threaded.*", category=DeprecationWarning)  # Python 3.12 on fork()
from qnet import *

def child_of(function):
    pid = os.fork()
    if not pid:
        code = 99
        try:
            code = function()
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def echo_once(timeout=60_000):
    "A server, a client and a loop of this process: 0 if a message made its way."
    server, client, got = QTcpServer(), QTcpSocket(), []
    assert server.listen(QHostAddress.LocalHost)
    taken = []
    def take():
        taken.append(server.nextPendingConnection())
        taken[0].readyRead.connect(lambda: taken[0].write(taken[0].readAll()))
    server.newConnection.connect(take)
    loop = QEventLoop()
    client.connected.connect(lambda: client.write(b"ping"))
    client.readyRead.connect(lambda: (got.append(bytes(client.readAll())), loop.quit()))
    QTimer.singleShot(timeout, loop.quit)
    client.connectToHost("127.0.0.1", server.serverPort())
    loop.exec()
    client.abort()
    return 0 if got == [b"ping"] else 1
"""


def run(body: str) -> str:
    """What a Python process prints that runs *body*; it must end well and say nothing to stderr."""
    program = PROLOGUE + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_child_makes_an_application_of_its_own() -> None:
    out = run("""
        app = QCoreApplication([])
        assert echo_once() == 0

        def child():
            mine = QCoreApplication(["child"])
            assert QCoreApplication.instance() is mine
            QTimer.singleShot(0, lambda: QCoreApplication.exit(echo_once()))
            return QCoreApplication.exec()

        print(child_of(child), QCoreApplication.instance() is app, echo_once())
    """)
    assert out == "0 True 0\n"


def test_a_child_that_is_forked_in_a_slot_may_enter_exec() -> None:
    out = run("""
        app = QCoreApplication([])
        results = []

        def child():
            QTimer.singleShot(0, lambda: QCoreApplication.exit(echo_once()))
            return QCoreApplication.exec()

        def slot():
            results.append(child_of(child))
            results.append(echo_once())
            app.quit()

        QTimer.singleShot(0, slot)
        print(app.exec(), results)
    """)
    assert out == "0 [0, 0]\n"


def test_a_child_does_not_take_its_parents_sockets_away() -> None:
    """It aborts every socket that it inherited; the parent's connections live on and are still watched."""
    out = run("""
        app = QCoreApplication([])
        server = QTcpServer()
        server.listen(QHostAddress.LocalHost)
        peer = socket.create_connection(("127.0.0.1", server.serverPort()))
        loop = QEventLoop()
        server.newConnection.connect(loop.quit)
        loop.exec()
        connection = server.nextPendingConnection()

        def child():
            connection.abort()
            server.close()
            return 0

        assert child_of(child) == 0
        peer.sendall(b"still there?")
        connection.readyRead.connect(loop.quit)
        QTimer.singleShot(60_000, loop.quit)
        loop.exec()
        print(bytes(connection.readAll()))
        second = socket.create_connection(("127.0.0.1", server.serverPort()))
        loop.exec()
        print(server.hasPendingConnections())
        connection.abort()
        peer.close()
        second.close()
    """)
    assert out == "b'still there?'\nTrue\n"


def test_an_application_of_the_child_does_not_answer_the_parents_clients() -> None:
    out = run("""
        app = QCoreApplication([])
        server = QTcpServer()
        server.listen(QHostAddress.LocalHost)
        accepted = []
        server.newConnection.connect(lambda: accepted.append(os.getpid()))
        app.processEvents()
        fired = []
        QTimer.singleShot(10, lambda: fired.append(1))
        QTimer.singleShot(0, app, lambda: fired.append(2))
        client = socket.create_connection(("127.0.0.1", server.serverPort()))

        def child():
            mine = QCoreApplication([])
            QTimer.singleShot(100, mine.quit)
            mine.exec()
            return len(accepted) + len(fired)

        print(child_of(child), len(accepted))
        QTimer.singleShot(100, app.quit)
        app.exec()
        print(len(accepted), sorted(fired))
        client.close()
        server.close()
    """)
    assert out == "0 0\n1 [1, 2]\n"


def test_a_daemon_goes_on_with_what_it_made_before_the_fork() -> None:
    """The parent ends; the child enters exec() with the application, the server and the timer that it found."""
    out = run("""
        app = QCoreApplication([])
        server = QTcpServer()
        server.listen(QHostAddress.LocalHost)
        port = server.serverPort()
        app.processEvents()

        def take():
            connection = server.nextPendingConnection()
            connection.write(b"from the daemon")
            connection.disconnected.connect(app.quit)
            connection.disconnectFromHost()

        server.newConnection.connect(take)
        QTimer.singleShot(60_000, lambda: app.exit(3))
        pid = os.fork()
        if not pid:
            code = app.exec()
            os._exit(code)
        server._q_unwatch()  # here the parent would end
        client = socket.create_connection(("127.0.0.1", port))
        with client, client.makefile("rb") as file:
            print(file.read(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        server.close()
    """)
    assert out == "b'from the daemon' 0\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, tmp_path: os.PathLike[str]) -> None:
    """A worker process has its own application, whatever the start method; the parent has threads that run loops."""
    script = os.path.join(tmp_path, "program.py")
    body = """
        def work(queue):
            app = QCoreApplication(["worker"])
            QTimer.singleShot(0, lambda: QCoreApplication.exit(echo_once()))
            queue.put((app.exec(), QCoreApplication.arguments()))

        if __name__ == "__main__":
            app = QCoreApplication([])
            thread = QThread()
            thread.start()
            assert echo_once() == 0
            context = multiprocessing.get_context(METHOD)
            queue = context.SimpleQueue()
            workers = [context.Process(target=work, args=(queue,)) for _ in range(2)]
            for worker in workers: worker.start()
            for worker in workers: worker.join(60)
            print([queue.get() for _ in workers], [w.exitcode for w in workers], echo_once())
            thread.quit()
            thread.wait()
    """
    with open(script, "w") as file:
        file.write(PROLOGUE + f"METHOD = {method!r}\n" + textwrap.dedent(body))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=110, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[(0, ['worker']), (0, ['worker'])] [0, 0] 0\n"


def test_a_fork_in_a_thread_while_others_post() -> None:
    """Whatever locks the other threads hold at that moment, the child is not stopped by them."""
    out = run("""
        app = QCoreApplication([])
        class Source(QObject):
            tick = Signal()
        class Sink(QObject):
            count = 0
            def slot(self): self.count += 1
        source, sink, stop = Source(), Sink(), threading.Event()
        source.tick.connect(sink.slot)
        def hammer():
            while not stop.is_set():
                source.tick.emit()
                source.tick.disconnect(source.tick.connect(lambda: None))
                stop.wait(0.0001)
        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for thread in threads: thread.start()

        def child():
            mine = QCoreApplication([])
            source.tick.connect(lambda: None)
            source.tick.emit()
            return echo_once()

        codes = set()
        def forks():
            for _ in range(10):
                codes.add(child_of(child))
        forker = QThread.create(forks)
        forker.finished.connect(app.quit)
        forker.start()
        app.exec()
        stop.set()
        for thread in threads: thread.join()
        print(codes)
    """)
    assert out == "{0}\n"


def test_threads_of_the_parent_have_finished_in_the_child() -> None:
    """Nothing waits for them there, at the end neither; the same QThread can be started again."""
    out = run("""
        faulthandler.cancel_dump_traceback_later()  # a child that ends as usual would wait for its thread
        app = QCoreApplication([])
        thread = QThread()
        thread.start()
        pid = os.fork()
        if not pid:
            assert thread.isFinished() and not thread.isRunning() and thread.wait()
            thread.start()
            assert thread.isRunning()
            thread.quit()
            assert thread.wait(30_000)
            sys.exit(7)  # with all that Python does at its end
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), thread.isRunning())
        thread.quit()
        thread.wait()
    """)
    assert out == "7 True\n"

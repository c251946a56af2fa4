"""Coroutines on top of signals: await a signal, sleep, time-outs, several at once; a little scheduler of one's own.

Prints:
    slept
    connected, got b'ping'
    sum 6 in order ['c', 'b', 'a']
    timed out
    cancelled cleanly
"""

import sys

from qnet.QtCore import QCoreApplication, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class SignalFuture:
    """Awaitable: the next emission of a signal, or TimeoutError."""

    def __init__(self, signal, timeout=None):
        self.signal = signal
        self.timeout = timeout

    def __await__(self):
        return (yield self)

    def arm(self, resume):
        timer = None

        def fire(*args):
            self.signal.disconnect(fire)
            if timer is not None:
                timer.stop()
            resume(args[0] if len(args) == 1 else args, None)

        def late():
            self.signal.disconnect(fire)
            resume(None, TimeoutError())

        self.signal.connect(fire)
        if self.timeout is not None:
            timer = QTimer(singleShot=True, timeout=late)
            timer.start(self.timeout)


class Task(QObject):
    done = Signal(object)

    def __init__(self, coroutine, parent=None):
        super().__init__(parent)
        self.coroutine = coroutine
        self.finished = False
        self.result = None
        QTimer.singleShot(0, self.start)

    def start(self):
        self.advance(None, None)

    def advance(self, value, error):
        try:
            future = self.coroutine.throw(error) if error is not None else self.coroutine.send(value)
        except StopIteration as stop:
            self.finished, self.result = True, stop.value
            self.done.emit(stop.value)
        else:
            future.arm(self.advance)

    def cancel(self):
        self.coroutine.close()


async def sleep(ms):
    timer = QTimer(singleShot=True)
    timer.start(ms)
    await SignalFuture(timer.timeout)


async def part(name, value, order, earlier):
    await sleep(5)
    if earlier is not None and not earlier.finished:
        await SignalFuture(earlier.done)
    order.append(name)
    return value


async def network():
    server = QTcpServer()
    server.listen(QHostAddress.LocalHost)
    client = QTcpSocket()
    client.connectToHost(QHostAddress.LocalHost, server.serverPort())
    await SignalFuture(server.newConnection, 30_000)
    peer = server.nextPendingConnection()
    peer.write(b"ping")
    if not client.bytesAvailable():
        await SignalFuture(client.readyRead, 30_000)
    print("connected, got", repr(bytes(client.readAll())))
    client.abort()
    peer.abort()
    await sleep(0)  # not from within a signal of the client, which dies with this frame


async def forever():
    try:
        await sleep(60_000)
    finally:
        print("cancelled cleanly")


async def main():
    await sleep(5)
    print("slept")
    await network()
    order = []
    tasks = []
    for name, value in (("c", 3), ("b", 2), ("a", 1)):
        tasks.append(Task(part(name, value, order, tasks[-1] if tasks else None)))
    for task in reversed(tasks):
        if not task.finished:
            await SignalFuture(task.done)
    print("sum", sum(task.result for task in tasks), "in order", order)
    idle = QTimer()
    try:
        await SignalFuture(idle.timeout, 5)
    except TimeoutError:
        print("timed out")
    task = Task(forever())
    await sleep(5)
    task.cancel()


app = QCoreApplication(sys.argv)
root = Task(main())
root.done.connect(lambda _: app.quit())
sys.exit(app.exec())

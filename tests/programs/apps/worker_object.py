"""Workers moved to a thread: started -> work, finished -> quit -> deleteLater, requests by signal, replies by signal.

Prints:
    work runs elsewhere: True
    step 1
    step 2
    step 3
    reply: 3 * 7 = 21
    reply: ABC
    timer of the worker ticked in its thread: True
    worker finished
    thread finished
    thread stopped: True
    destroyed: worker
"""

import sys

from qnet.QtCore import QCoreApplication, QObject, Qt, QThread, QTimer, Signal, Slot


class Worker(QObject):
    step = Signal(int)
    reply = Signal(str)
    ticked = Signal(bool)
    finished = Signal()

    def __init__(self):
        super().__init__()
        self.thread_of_run = None
        self.timer = QTimer(self)  # a child: it moves along
        self.timer.setInterval(5)
        self.timer.timeout.connect(self.on_tick)

    @Slot()
    def run(self):
        self.thread_of_run = QThread.currentThread()
        print("work runs elsewhere:", self.thread_of_run is not app.thread())
        for number in range(1, 4):
            self.step.emit(number)

    @Slot(int, int)
    def multiply(self, a, b):
        self.reply.emit("%d * %d = %d" % (a, b, a * b))

    @Slot(str)
    def upper(self, text):
        self.reply.emit(text.upper())
        self.timer.start()

    def on_tick(self):
        self.timer.stop()
        self.ticked.emit(QThread.currentThread() == self.thread())
        self.finished.emit()


class Controller(QObject):
    multiply = Signal(int, int)
    upper = Signal(str)

    def __init__(self):
        super().__init__()
        self.workerThread = QThread()
        self.worker = Worker()
        self.worker.moveToThread(self.workerThread)
        self.workerThread.started.connect(self.worker.run)
        self.multiply.connect(self.worker.multiply)
        self.upper.connect(self.worker.upper, Qt.ConnectionType.QueuedConnection)
        self.worker.step.connect(self.on_step)
        self.worker.reply.connect(self.on_reply)
        self.worker.ticked.connect(self.on_ticked)
        self.worker.finished.connect(self.on_worker_finished)
        self.worker.finished.connect(self.workerThread.quit)
        self.workerThread.finished.connect(self.worker.deleteLater)
        self.worker.destroyed.connect(self.on_destroyed)
        self.workerThread.finished.connect(self.on_thread_finished)
        self.workerThread.start()

    @Slot(int)
    def on_step(self, number):
        assert QThread.currentThread() is app.thread()
        print("step", number)
        if number == 3:
            self.multiply.emit(3, 7)
            self.upper.emit("abc")

    def on_reply(self, text):
        print("reply:", text)

    def on_ticked(self, at_home):
        print("timer of the worker ticked in its thread:", at_home)

    def on_worker_finished(self):
        print("worker finished")

    @Slot()
    def on_destroyed(self):
        print("destroyed: worker")
        QCoreApplication.quit()

    def on_thread_finished(self):
        print("thread finished")
        self.workerThread.wait()
        print("thread stopped:", self.workerThread.isFinished())


app = QCoreApplication(sys.argv)
controller = Controller()
sys.exit(app.exec())

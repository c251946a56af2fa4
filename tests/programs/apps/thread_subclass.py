"""A QThread with its own run(): signals that shadow finished and started, a stop flag, sleep, objects made inside.

Prints:
    started in the main thread: True
    10 % in the main thread: True
    50 % in the main thread: True
    100 % in the main thread: True
    result 55
    base finished: isFinished True, isRunning False
    stopped early: True
    run as a function: ['inside']
    exec in run: [1, 2, 3] code 7
"""

import sys

from qnet.QtCore import QCoreApplication, QMutex, QMutexLocker, QObject, Qt, QThread, QTimer, Signal


class Sum(QThread):
    progress = Signal(int)
    finished = Signal(int)  # shadows QThread.finished

    def __init__(self, numbers, parent=None):
        QThread.__init__(self, parent)
        self.numbers = numbers
        self.running = True
        self.mutex = QMutex()
        self.priority = "high"
        self.state = None

    def run(self):
        total = 0
        for index, number in enumerate(self.numbers, 1):
            with QMutexLocker(self.mutex):
                if not self.running:
                    break
            total += number
            if index in (1, 5, 10):
                self.progress.emit(index * 10)
            self.msleep(1)
        self.finished.emit(total)

    def stop(self):
        self.mutex.lock()
        self.running = False
        self.mutex.unlock()


class Ticking(QThread):
    def __init__(self):
        super().__init__()
        self.ticks = []
        self.code = None

    def run(self):
        timer = QTimer()
        timer.timeout.connect(self.tick, Qt.DirectConnection)
        timer.start(1)
        self.code = self.exec_()
        timer.stop()

    def tick(self):
        self.ticks.append(len(self.ticks) + 1)
        if len(self.ticks) == 3:
            self.exit(7)


class Main(QObject):
    def __init__(self):
        super().__init__()
        self.thread = Sum(range(1, 11), self)
        self.thread.started.connect(self.on_started)
        self.thread.progress.connect(self.on_progress)
        self.thread.finished.connect(self.on_result)
        self.thread.finished[int].connect(lambda value: None)
        self.thread.start()

    def on_started(self):
        print("started in the main thread:", QThread.currentThread() is app.thread())

    def on_progress(self, percent):
        print(percent, "% in the main thread:", QThread.currentThread() == app.thread())

    def on_result(self, total):
        print("result", total)
        self.thread.wait()
        print(f"base finished: isFinished {self.thread.isFinished()}, isRunning {self.thread.isRunning()}")
        QTimer.singleShot(0, self.second)

    def second(self):
        self.worker = Sum(range(100000))
        self.worker.finished.connect(lambda total: print("stopped early:", total < 100000 * 99999 // 2))
        self.worker.progress.connect(self.worker.stop)
        self.worker.finished.connect(self.third)
        self.worker.start(QThread.LowPriority)

    def third(self):
        self.worker.wait()
        seen = []
        helper = QThread()
        helper.run = lambda: seen.append("inside")
        helper.start()
        helper.wait()
        print("run as a function:", seen)
        ticking = Ticking()
        ticking.start()
        assert ticking.wait(30_000)
        print("exec in run:", ticking.ticks, "code", ticking.code)
        app.quit()


app = QCoreApplication(sys.argv)
main = Main()
sys.exit(app.exec())

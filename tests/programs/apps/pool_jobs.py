"""Jobs in a QThreadPool: a QRunnable with a signals object, errors as tuples, results in the main thread.

Prints:
    jobs 0 to 4: [0, 1, 4, 9, 16]
    failed: ValueError not today
    finished 6 times in the main thread: True
    no job ran in the main thread: True
    priorities in a pool of one: ['high', 'normal', 'low']
    busy: 1
    plain function: done
    active afterwards: 0
"""

import sys
import threading
import traceback

from qnet.QtCore import QCoreApplication, QObject, QRunnable, QThread, QThreadPool, Signal, Slot


class WorkerSignals(QObject):
    finished = Signal()
    error = Signal(tuple)
    result = Signal(object)


class Worker(QRunnable):
    def __init__(self, fn, *args, **kwargs):
        super().__init__()
        self.fn = fn
        self.args = args
        self.kwargs = kwargs
        self.signals = WorkerSignals()

    @Slot()
    def run(self):
        try:
            result = self.fn(*self.args, **self.kwargs)
        except Exception:
            kind, value = sys.exc_info()[:2]
            self.signals.error.emit((kind, value, traceback.format_exc()))
        else:
            self.signals.result.emit(result)
        finally:
            self.signals.finished.emit()


def square(number):
    threads.add(threading.get_ident())
    return number, number * number


def refuse():
    threads.add(threading.get_ident())
    raise ValueError("not today")


class Main(QObject):
    def __init__(self):
        super().__init__()
        self.results = {}
        self.errors = []
        self.homes = []
        self.pool = QThreadPool.globalInstance()
        for number in range(5):
            self.submit(Worker(square, number))
        self.submit(Worker(refuse))

    def submit(self, worker):
        worker.signals.result.connect(self.on_result)
        worker.signals.error.connect(self.on_error)
        worker.signals.finished.connect(self.on_finished)
        self.pool.start(worker)

    def on_result(self, pair):
        self.results[pair[0]] = pair[1]

    def on_error(self, error):
        self.errors.append(error)

    def on_finished(self):
        self.homes.append(QThread.currentThread() is app.thread())
        if len(self.homes) == 6:
            app.quit()


threads = set()
app = QCoreApplication(sys.argv)
main = Main()
code = app.exec()
print("jobs 0 to 4:", [main.results[n] for n in range(5)])
kind, value, trace = main.errors[0]
assert "refuse" in trace
print("failed:", kind.__name__, value)
print("finished", len(main.homes), "times in the main thread:", all(main.homes))
print("no job ran in the main thread:", threading.get_ident() not in threads)

pool = QThreadPool()
pool.setMaxThreadCount(1)
gate, order = threading.Event(), []
pool.start(gate.wait)
for name, priority in (("low", -1), ("normal", 0), ("high", 5)):
    pool.start(QRunnable.create(lambda name=name: order.append(name)), priority)
busy = pool.activeThreadCount()
gate.set()
assert pool.waitForDone(30_000)
print("priorities in a pool of one:", order)
print("busy:", busy)
pool.start(lambda: order.append("done"))
pool.waitForDone()
print("plain function:", order[-1])
print("active afterwards:", pool.activeThreadCount())
sys.exit(code)

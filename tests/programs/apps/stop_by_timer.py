"""Ctrl-C by a Python handler and a timer that lets the interpreter run: the oldest recipe of all."""

import signal
import sys

from qnet.QtCore import QCoreApplication, QTimer

app = QCoreApplication(sys.argv)
signal.signal(signal.SIGINT, lambda *_: app.quit())
signal.signal(signal.SIGTERM, lambda *_: app.exit(3))
timer = QTimer()
timer.timeout.connect(lambda: None)
timer.start(200)
app.aboutToQuit.connect(lambda: print("cleaning up", flush=True))
QTimer.singleShot(0, lambda: print("ready", flush=True))
sys.exit(app.exec_())

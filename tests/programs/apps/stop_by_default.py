"""Ctrl-C that just kills, as many programs want it."""

import signal
import sys

from qnet.QtCore import QCoreApplication, QTimer

signal.signal(signal.SIGINT, signal.SIG_DFL)
app = QCoreApplication(sys.argv)
QTimer.singleShot(0, lambda: print("ready", flush=True))
sys.exit(app.exec())

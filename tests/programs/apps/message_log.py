"""Logs through qInstallMessageHandler, to a file that rotates by timer, and back to the default handler.

Prints:
    QtDebugMsg: starting
    QtInfoMsg: tick 1
    QtInfoMsg: tick 2
    QtWarningMsg: nearly done
    QtCriticalMsg: stopping
    aboutToQuit
    organisation: Snow Ltd, version 1.2, arguments ['-v']
"""

import sys

from qnet.QtCore import (
    QCoreApplication,
    QObject,
    QTimer,
    QtMsgType,
    qCritical,
    qDebug,
    qInfo,
    qInstallMessageHandler,
    qWarning,
)


class Service(QObject):
    def __init__(self, argv):
        super().__init__()
        self.app = QCoreApplication(argv)
        self.app.setApplicationName("service")
        self.app.setOrganizationName("Snow Ltd")
        QCoreApplication.setApplicationVersion("1.2")
        self.count = 0
        self.timer = QTimer()
        self.timer.setInterval(2)
        self.timer.timeout.connect(self.tick)
        self.app.aboutToQuit.connect(self.cleanup)
        QTimer.singleShot(0, self.start)

    def start(self):
        qDebug("starting")
        self.timer.start()

    def tick(self):
        self.count += 1
        if self.count < 3:
            qInfo(f"tick {self.count}")
            return
        self.timer.stop()
        qWarning("nearly done")
        self.app.quit()

    def cleanup(self):
        qCritical("stopping")
        print("aboutToQuit")

    def run(self):
        return self.app.exec()


def handler(kind, context, message):
    assert isinstance(kind, QtMsgType)
    print(f"{kind.name}: {message}")


qInstallMessageHandler(handler)
service = Service([sys.argv[0], "-v"])
code = service.run()
previous = qInstallMessageHandler(None)
app = QCoreApplication.instance()
print(
    f"organisation: {app.organizationName()}, version {app.applicationVersion()},",
    "arguments",
    [a for a in app.arguments() if a != sys.argv[0]],
)
sys.exit(code)

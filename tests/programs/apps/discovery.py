"""Finds services by datagram: writeDatagram in three spellings, readDatagram, receiveDatagram, a heartbeat.

Prints:
    probe 'who is there?' from 127.0.0.1
    found printer at 127.0.0.1
    probe 'who is there?' from 127.0.0.1
    found scanner at 127.0.0.1
    beat 1 of printer
    beat 1 of scanner
    beat 2 of printer
    beat 2 of scanner
    printer went silent: False
"""

import sys

from qnet.QtCore import QByteArray, QCoreApplication, QElapsedTimer, QObject, QTimer, Signal
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QNetworkDatagram, QUdpSocket


class Service(QObject):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.seeker = None
        self.beats = 0
        self.udp = QUdpSocket(self)
        assert self.udp.bind(QHostAddress.LocalHost, 0, QUdpSocket.ShareAddress | QUdpSocket.ReuseAddressHint)
        assert self.udp.state() == QAbstractSocket.BoundState
        self.udp.readyRead.connect(self.answer)

    def answer(self):
        while self.udp.hasPendingDatagrams():
            data, host, port = self.udp.readDatagram(self.udp.pendingDatagramSize())
            print("probe", repr(data.data().decode()), "from", host.toString())
            self.udp.writeDatagram(QByteArray(b"HERE " + self.name.encode()), host, port)
            self.seeker = host, port

    def beat(self):
        self.beats += 1
        datagram = QNetworkDatagram(QByteArray(b"BEAT %d " % self.beats + self.name.encode()))
        datagram.setDestination(*self.seeker)
        self.udp.writeDatagram(datagram)


class Seeker(QObject):
    found = Signal(str, QHostAddress)

    def __init__(self, services):
        super().__init__()
        self.services = services
        self.last = {}
        self.socket = QUdpSocket(self)
        self.socket.bind(QHostAddress(QHostAddress.LocalHost))
        self.socket.readyRead.connect(self.read)
        self.found.connect(lambda name, host: print("found", name, "at", host.toString()))
        self.found.connect(self.probe)
        self.timer = QTimer(self, interval=30)
        self.timer.timeout.connect(self.tick)
        self.probe()

    def probe(self):
        if self.services:
            port = self.services.pop(0).udp.localPort()
            assert self.socket.writeDatagram(b"who is there?", QHostAddress.LocalHost, port) == 13
        else:
            self.timer.start()

    def tick(self):
        for service in (printer, scanner):
            service.beat()
        if scanner.beats == 2:
            self.timer.stop()

    def read(self):
        while self.socket.hasPendingDatagrams():
            datagram = self.socket.receiveDatagram()
            kind, *words = str(datagram.data(), "ascii").split()
            if kind == "HERE":
                self.found.emit(words[0], datagram.senderAddress())
                continue
            print("beat", *words[:1], "of", words[1])
            self.last[words[1]] = QElapsedTimer()
            self.last[words[1]].start()
            if words == ["2", "scanner"]:
                print("printer went silent:", self.last["printer"].hasExpired(60_000))
                QCoreApplication.quit()


app = QCoreApplication(sys.argv)
printer, scanner = Service("printer"), Service("scanner")
seeker = Seeker([printer, scanner])
sys.exit(app.exec())

"""Devices of one's own: readData and writeData overridden, under QTextStream, QDataStream and QFile idioms.

Prints:
    rot13: Uryyb, jbeyq / fbpx naq fubr
    back: Hello, world
    second line: sock and shoe
    sequential: ['one', 'two', 'three'] then end
    numbers: 1 -2 3.5 text
    buffer: b'\\x00\\x00\\x00\\x07' at 4
    append kept both: first|second|
    signals: 2 readyRead
"""

import codecs
import os
import sys
import tempfile

from qnet.QtCore import QBuffer, QByteArray, QCoreApplication, QDataStream, QFile, QIODevice, QTextStream


class Rot13(QIODevice):
    """Turns what passes through it into the device below."""

    def __init__(self, below, parent=None):
        super().__init__(parent)
        self.below = below

    def readData(self, maxlen):
        return codecs.encode(self.below.read(maxlen).data().decode("ascii"), "rot13").encode()

    def writeData(self, data, length):
        text = data if isinstance(data, str) else data.decode("ascii")  # PySide6 hands out text
        return self.below.write(codecs.encode(text, "rot13").encode())

    def isSequential(self):
        return False

    def size(self):
        return self.below.size()

    def seek(self, position):
        return super().seek(position) and self.below.seek(position)


class Feed(QIODevice):
    """Sequential: what feed() was given, as a socket would have it."""

    def __init__(self):
        super().__init__()
        self.buffer = b""
        self.open(QIODevice.ReadOnly | QIODevice.Unbuffered)

    def feed(self, data):
        self.buffer += data
        self.readyRead.emit()

    def isSequential(self):
        return True

    def bytesAvailable(self):
        return len(self.buffer) + super().bytesAvailable()

    def canReadLine(self):
        return b"\n" in self.buffer

    def readData(self, maxlen):
        data, self.buffer = self.buffer[:maxlen], self.buffer[maxlen:]
        return data


app = QCoreApplication(sys.argv)
storage = QBuffer()
storage.open(QIODevice.ReadWrite)
rot = Rot13(storage)
rot.open(QIODevice.ReadWrite)
out = QTextStream(rot)
out << "Hello, world" << "\n" << "sock and shoe\n"
out.flush()
print("rot13:", str(storage.data(), "ascii").strip().replace("\n", " / "))
rot.seek(0)
text = QTextStream(rot)
print("back:", text.readLine())
print("second line:", text.readLine())

feed = Feed()
calls = []
lines = []


def read_lines():
    calls.append(1)
    while feed.canReadLine():
        lines.append(feed.readLine().data().decode().strip())


feed.readyRead.connect(read_lines)
feed.feed(b"one\ntw")
feed.feed(b"o\nthree\n")
print("sequential:", lines, "then end" if feed.atEnd() else "and more")

block = QByteArray()
stream = QDataStream(block, QIODevice.WriteOnly)
stream.setVersion(QDataStream.Qt_5_15)
stream.writeInt8(1)
stream.writeInt16(-2)
stream.writeDouble(3.5)
stream << QByteArray(b"text")
back = QDataStream(block)
print("numbers:", back.readInt8(), back.readInt16(), back.readDouble(), end=" ")
word = QByteArray()
back >> word
print(word.data().decode())

buffer = QBuffer()
buffer.open(QBuffer.WriteOnly)
QDataStream(buffer).writeUInt32(7)
print("buffer:", repr(buffer.buffer().data()), "at", buffer.pos())

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "log.txt")
    for word in ("first", "second"):
        log = QFile(path)
        assert log.open(QFile.ReadWrite | QFile.Append | QFile.Text), log.errorString()
        QTextStream(log) << word << "\n"
        log.close()
    log = QFile(path)
    log.open(QIODevice.ReadOnly | QIODevice.Text)
    content = str(log.readAll(), encoding="utf-8").replace("\n", "|")
    log.close()
print("append kept both:", content)
print("signals:", len(calls), "readyRead")

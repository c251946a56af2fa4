"""A web server in forty lines and a slow page by timer, asked by Python's urllib from a plain thread.

Prints:
    GET / -> 200 Hello from /
    GET /slow?ms=20 -> 200 slow after 20 ms
    POST /upper -> 200 BODY OF POST
    GET /nothing -> 404 not found
    requests: 4, answered by the main thread: True
"""

import sys
import threading
import urllib.error
import urllib.request

from qnet.QtCore import QCoreApplication, QObject, QTimer, QUrl, QUrlQuery, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer


class Request(QObject):
    complete = Signal(QObject)

    def __init__(self, socket, parent):
        super().__init__(parent)
        self.socket = socket
        self.head = None
        self.body = b""
        self.length = 0
        socket.readyRead.connect(self.read)
        socket.disconnected.connect(self.deleteLater)
        socket.disconnected.connect(socket.deleteLater)

    def read(self):
        if self.head is None:
            if self.socket.peek(65536).indexOf(b"\r\n\r\n") < 0:
                return
            lines = []
            while True:
                line = self.socket.readLine().trimmed()
                if line.isEmpty():
                    break
                lines.append(line.data().decode("latin-1"))
            self.method, target, _ = lines[0].split()
            self.url = QUrl(target)
            self.head = dict(line.lower().split(": ", 1) for line in lines[1:])
            self.length = int(self.head.get("content-length", 0))
        self.body += self.socket.readAll().data()
        if len(self.body) == self.length:
            self.complete.emit(self)

    def reply(self, text, status="200 OK"):
        data = text.encode()
        self.socket.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode())
        self.socket.write(data)
        self.socket.disconnectFromHost()


class WebServer(QTcpServer):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.threads = set()
        self.newConnection.connect(self.take)

    def take(self):
        request = Request(self.nextPendingConnection(), self)
        request.complete.connect(self.route)

    def route(self, request):
        self.count += 1
        self.threads.add(threading.current_thread())
        path = request.url.path()
        if path == "/":
            request.reply("Hello from " + path)
        elif path == "/slow":
            ms = int(QUrlQuery(request.url).queryItemValue("ms"))
            QTimer.singleShot(ms, lambda: request.reply(f"slow after {ms} ms"))
        elif path == "/upper" and request.method == "POST":
            request.reply(request.body.decode().upper())
        else:
            request.reply("not found", "404 Not Found")


class Finished(QObject):
    signal = Signal()


def browse(base):
    for method, target, body in (
        ("GET", "/", None),
        ("GET", "/slow?ms=20", None),
        ("POST", "/upper", b"body of post"),
        ("GET", "/nothing", None),
    ):
        try:
            with urllib.request.urlopen(base + target, body, timeout=60) as answer:
                print(method, target, "->", answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                print(method, target, "->", error.code, error.read().decode())
    finished.signal.emit()


app = QCoreApplication(sys.argv)
server = WebServer()
server.listen(QHostAddress.LocalHost)
finished = Finished()
finished.signal.connect(app.quit)
thread = threading.Thread(target=browse, args=("http://127.0.0.1:%d" % server.serverPort(),))
thread.start()
code = app.exec()
thread.join()
print(f"requests: {server.count}, answered by the main thread:", server.threads == {threading.main_thread()})
sys.exit(code)

"""QCoreApplication: names, arguments, running, leaving, and what belongs to the process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from _implementations import Implementation, Recorder


@pytest.fixture
def names(qt: Implementation, app: Any) -> Iterator[Any]:
    """The application, whose names are put back afterwards."""
    kinds = ("ApplicationName", "ApplicationVersion", "OrganizationName", "OrganizationDomain")
    before = {kind: getattr(app, kind[0].lower() + kind[1:])() for kind in kinds}
    yield app
    for kind, value in before.items():
        getattr(app, "set" + kind)(value)


def test_there_is_one_instance(qt: Implementation, app: Any) -> None:
    assert qt.QCoreApplication.instance() is app
    assert qt.QCoreApplication.instanceExists() is True
    assert isinstance(app, qt.QObject)


def test_a_second_application_is_refused(qt: Implementation, app: Any) -> None:
    with pytest.raises(RuntimeError):
        qt.QCoreApplication([])
    assert qt.QCoreApplication.instance() is app


def test_arguments_and_process(qt: Implementation, app: Any) -> None:
    assert app.arguments() == ["test"]
    assert app.applicationPid() == os.getpid()
    assert app.applicationFilePath() == os.path.realpath(sys.executable)
    assert app.applicationDirPath() == os.path.dirname(os.path.realpath(sys.executable))
    assert (app.startingUp(), app.closingDown()) == (False, False)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ApplicationName", "demo"),
        ("ApplicationVersion", "1.2"),
        ("OrganizationName", "org"),
        ("OrganizationDomain", "example.org"),
    ],
)
def test_names_and_their_signals(qt: Implementation, names: Any, recorder: Recorder, kind: str, value: str) -> None:
    getter = kind[0].lower() + kind[1:]
    getattr(names, getter + "Changed").connect(recorder)
    for _ in range(2):
        getattr(qt.QCoreApplication, "set" + kind)(value)
    getattr(names, getter + "Changed").disconnect(recorder)
    assert getattr(qt.QCoreApplication, getter)() == value
    assert recorder.calls == [()]
    with pytest.raises(TypeError):
        getattr(qt.QCoreApplication, "set" + kind)(3)


def test_the_name_defaults_to_the_programs(qt: Implementation, names: Any) -> None:
    names.setApplicationName("")
    assert names.applicationName() == "test"


def test_attributes(qt: Implementation, app: Any) -> None:
    attribute = qt.Qt.ApplicationAttribute.AA_DontUseNativeMenuBar
    assert qt.QCoreApplication.testAttribute(attribute) is False
    qt.QCoreApplication.setAttribute(attribute)
    assert qt.QCoreApplication.testAttribute(attribute) is True
    qt.QCoreApplication.setAttribute(attribute, False)
    assert qt.QCoreApplication.testAttribute(attribute) is False


def test_library_paths(qt: Implementation, app: Any, tmp_path: Any) -> None:
    before = app.libraryPaths()
    path = str(tmp_path)
    app.addLibraryPath(path)
    assert app.libraryPaths()[0] == path
    app.addLibraryPath(str(tmp_path / "missing"))
    assert str(tmp_path / "missing") not in app.libraryPaths()
    app.removeLibraryPath(path)
    assert path not in app.libraryPaths()
    app.setLibraryPaths([path])
    assert app.libraryPaths() == [path]
    app.setLibraryPaths(before)


def test_translate_without_translators(qt: Implementation, app: Any) -> None:
    translate = qt.QCoreApplication.translate
    assert translate("context", "hello") == "hello"
    assert translate("context", "%n items", "note", 4) == "4 items"
    assert translate("context", "%n items") == "%n items"
    with pytest.raises(TypeError):
        translate(3, 4)


def test_quit_lock(qt: Implementation, app: Any) -> None:
    assert app.isQuitLockEnabled() is True
    app.setQuitLockEnabled(False)
    assert app.isQuitLockEnabled() is False
    app.setQuitLockEnabled(True)


def test_setuid_is_not_allowed(qt: Implementation, app: Any) -> None:
    assert qt.QCoreApplication.isSetuidAllowed() is False


def test_the_application_lives_in_the_main_thread(qt: Implementation, app: Any) -> None:
    assert app.thread() is qt.QThread.currentThread()


@pytest.mark.qnet("Qt moves it, and then nothing works any more")
def test_the_application_does_not_move(qt: Implementation, app: Any, thread: Any) -> None:
    assert app.moveToThread(thread) is False
    assert app.thread() is qt.QThread.currentThread()


# Running and leaving.


def test_exec_returns_the_exit_code(qt: Implementation, app: Any) -> None:
    qt.QTimer.singleShot(0, lambda: app.exit(3))
    assert app.exec() == 3
    qt.QTimer.singleShot(0, app.quit)
    assert app.exec() == 0


def test_static_exec_and_quit(qt: Implementation, app: Any) -> None:
    qt.QTimer.singleShot(0, qt.QCoreApplication.quit)
    assert qt.QCoreApplication.exec() == 0


def test_leaving_before_exec_does_nothing(qt: Implementation, app: Any) -> None:
    app.exit(5)
    app.quit()
    qt.QTimer.singleShot(5, lambda: app.exit(1))
    assert app.exec() == 1


def test_exec_inside_exec_is_refused(qt: Implementation, app: Any, messages: list[str]) -> None:
    results = []
    qt.QTimer.singleShot(0, lambda: (results.append(app.exec()), app.exit(2)))
    assert app.exec() == 2
    assert results == [-1]
    assert len(messages) == 1


def test_exec_needs_the_main_thread(qt: Implementation, app: Any, messages: list[str]) -> None:
    results = []
    runner = threading.Thread(target=lambda: results.append(app.exec()))
    runner.start()
    runner.join(30)
    assert results == [-1]
    assert len(messages) == 1


def test_exit_ends_nested_loops(qt: Implementation, app: Any) -> None:
    codes = []

    def nest() -> None:
        qt.QTimer.singleShot(5, lambda: app.exit(7))
        codes.append(qt.QEventLoop().exec())

    qt.QTimer.singleShot(0, nest)
    assert app.exec() == 7
    assert codes == [7]


def test_about_to_quit_comes_once_and_inside_exec(qt: Implementation, app: Any) -> None:
    log: list[Any] = []

    def slot() -> None:
        log.append("about to quit")
        qt.QTimer.singleShot(0, lambda: log.append("too late"))

    app.aboutToQuit.connect(slot)
    qt.QTimer.singleShot(0, app.quit)
    app.exec()
    log.append("left")
    app.aboutToQuit.disconnect(slot)
    assert log == ["about to quit", "left"]
    qt.spin(0)


def test_a_nested_loop_does_not_announce_quitting(qt: Implementation, app: Any, recorder: Recorder) -> None:
    app.aboutToQuit.connect(recorder)
    qt.spin(1)
    app.aboutToQuit.disconnect(recorder)
    assert recorder.calls == []


def test_quit_from_another_thread(qt: Implementation, app: Any) -> None:
    runner = threading.Thread(target=app.quit)
    qt.QTimer.singleShot(0, runner.start)
    assert app.exec() == 0
    runner.join()


def test_quit_is_a_slot(qt: Implementation, app: Any, source: Any) -> None:
    source.bare.connect(app.quit, qt.Qt.QueuedConnection)
    qt.QTimer.singleShot(0, source.bare.emit)
    assert app.exec() == 0
    source.bare.disconnect(app.quit)


def test_quit_can_be_vetoed(qt: Implementation, app: Any) -> None:
    asked = []

    class Veto(qt.QObject):
        def eventFilter(self, watched: Any, event: Any) -> bool:
            if event.type() == qt.QEvent.Type.Quit:
                asked.append(1)
                event.ignore()
                qt.QTimer.singleShot(10, lambda: app.exit(4))
                return len(asked) == 1
            return False

    veto = Veto()
    app.installEventFilter(veto)
    qt.QTimer.singleShot(0, app.quit)
    assert app.exec() == 4
    app.removeEventFilter(veto)
    assert asked == [1]


def test_an_exception_does_not_end_exec(qt: Implementation, app: Any, slot_errors: list[Any]) -> None:
    def bad() -> None:
        qt.QTimer.singleShot(5, lambda: app.exit(6))
        raise ValueError("on purpose")

    qt.QTimer.singleShot(0, bad)
    assert app.exec() == 6
    assert [type(e) for e in slot_errors] == [ValueError]


def test_deferred_deletions_are_served_when_exec_ends(qt: Implementation, app: Any, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    qt.QTimer.singleShot(0, lambda: (o.deleteLater(), app.quit()))
    app.exec()
    assert len(recorder) == 1


def test_process_events_is_static(qt: Implementation, app: Any, recorder: Recorder) -> None:
    qt.QTimer.singleShot(0, recorder)
    qt.QCoreApplication.processEvents()
    assert len(recorder) == 1
    with pytest.raises(TypeError):
        qt.QCoreApplication.processEvents("x")


# Whole programs.


PROGRAM = """
import sys
sys.path[:0] = {path!r}
from {module} import QCoreApplication, QEvent, QEventLoop, QObject, QSocketNotifier, QThread, QTimer, Signal
{body}
"""


def run(qt: Implementation, body: str, *args: str, **environment: str) -> Any:
    """Run *body* as a program of its own, on the implementation under test."""
    import subprocess

    text = PROGRAM.format(
        path=[p for p in sys.path if p],
        module="qnet.QtCore" if qt.is_qnet else "PySide6.QtCore",
        body=body,
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", text, *args],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.qnet("PySide6 is no module in Python that could be emptied")
def test_what_outlives_the_modules_dies_in_silence(qt: Implementation) -> None:
    done = run(
        qt,
        """
import gc, types
from qnet.QtCore import QEventLoopLocker
app = QCoreApplication([])
keeper = sys.modules["keeper"] = types.ModuleType("keeper")
keeper.itself = keeper
keeper.held = QObject(), QTimer(), QEventLoopLocker()
gc.freeze()  # as if something in C held the module: only the end of the interpreter empties it
for name in [name for name in sys.modules if name.startswith("qnet")]:  # as if they had been imported later
    sys.modules[name] = sys.modules.pop(name)
""",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_notify_sees_every_event(qt: Implementation) -> None:
    done = run(
        qt,
        """
class App(QCoreApplication):
    log = []
    def notify(self, receiver, event):
        if event.type() == QEvent.Type.User:
            App.log.append(receiver.objectName())
            if receiver.objectName() == "swallowed":
                return False
        return super().notify(receiver, event)

class Target(QObject):
    def customEvent(self, event):
        App.log.append("handled " + self.objectName())

app = App([])
a, b = Target(objectName="a"), Target(objectName="swallowed")
print(app.sendEvent(a, QEvent(QEvent.Type.User)), app.sendEvent(b, QEvent(QEvent.Type.User)))
app.postEvent(a, QEvent(QEvent.Type.User))
app.sendPostedEvents()
print(App.log)
""",
    )
    assert done.stdout.splitlines() == [
        "True False",
        "['a', 'handled a', 'swallowed', 'a', 'handled a']",
    ], done.stderr


def test_objects_work_before_and_without_an_application(qt: Implementation) -> None:
    done = run(
        qt,
        """
class Source(QObject):
    changed = Signal(int)

log = []
source = Source()
source.changed.connect(log.append)
source.changed.emit(1)
print(log, QCoreApplication.instance())
app = QCoreApplication(["prog", "--flag"])
print(source.thread() is app.thread(), app.arguments(), app.applicationName())
QCoreApplication.setApplicationName("named")
print(QCoreApplication.applicationName())
""",
    )
    assert done.stdout.splitlines() == ["[1] None", "True ['prog', '--flag'] prog", "named"], done.stderr


def test_a_name_given_before_the_application_stays(qt: Implementation) -> None:
    done = run(
        qt,
        """
QCoreApplication.setApplicationName("early")
app = QCoreApplication(["prog"])
print(app.applicationName())
""",
    )
    assert done.stdout == "early\n", done.stderr


def test_exit_code_reaches_the_shell(qt: Implementation) -> None:
    done = run(qt, "app = QCoreApplication([])\nQTimer.singleShot(0, lambda: app.exit(3))\nsys.exit(app.exec())")
    assert done.returncode == 3


def test_an_unhandled_exception_in_a_slot_is_printed(qt: Implementation) -> None:
    done = run(
        qt,
        """
app = QCoreApplication([])
def culprit():
    QTimer.singleShot(5, app.quit)
    raise ValueError("on purpose")
QTimer.singleShot(0, culprit)
sys.exit(app.exec())
""",
    )
    assert done.returncode == 0
    assert "ValueError: on purpose" in done.stderr
    assert "culprit" in done.stderr


def test_applications_one_after_another(qt: Implementation) -> None:
    done = run(
        qt,
        """
for number in range(3):
    app = QCoreApplication([str(number)])
    QTimer.singleShot(0, lambda: app.exit(number))
    print(app.exec(), app.arguments(), QCoreApplication.instance() is app)
    app.shutdown()
    del app
    print(QCoreApplication.instance())
""",
    )
    assert done.stdout.splitlines() == [
        line for number in range(3) for line in (f"{number} ['{number}'] True", "None")
    ], done.stderr

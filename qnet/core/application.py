"""QCoreApplication: the main event loop, events for objects, and what the program is called.

Source: https://doc.qt.io/qt-6/qcoreapplication.html.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from qnet.core import _delivery, _fork, _thread_data
from qnet.core._delivery import deliver, notify_default
from qnet.core._event_type import EventType
from qnet.core._thread_data import ObjectData, Posted
from qnet.core.event import QEvent
from qnet.core.eventdispatcher import QAbstractEventDispatcher, dispatcher_for
from qnet.core.eventloop import ProcessEventsFlag, QEventLoop, process_events, process_events_for
from qnet.core.logging import qWarning
from qnet.core.namespace import Qt
from qnet.core.object import QObject
from qnet.core.signals import Signal

if TYPE_CHECKING:
    from qnet.core.thread import QThread

__all__ = ["QCoreApplication"]


class _Names:
    """What belongs to the process and outlives every application object."""

    def __init__(self) -> None:
        self.application: str | None = None
        self.version = ""
        self.organization = ""
        self.domain = ""
        self.attributes: set[int] = set()
        self.library_paths: list[str] | None = None
        self.quit_lock = True
        self.setuid = False
        self.translators: list[Any] = []


_names = _Names()
_instance: ReferenceType[QObject] | None = None


class QCoreApplication(QObject):
    """The application: one at a time, any number one after another. Qt page: QCoreApplication.

    *arguments* is usually ``sys.argv``. It belongs to the thread that makes it, in which `exec` then runs. Making a
    second one while the first exists raises RuntimeError.
    """

    aboutToQuit = Signal()
    applicationNameChanged = Signal()
    applicationVersionChanged = Signal()
    organizationNameChanged = Signal()
    organizationDomainChanged = Signal()
    _q_properties = {
        "applicationName": ("applicationName", "setApplicationName"),
        "applicationVersion": ("applicationVersion", "setApplicationVersion"),
        "organizationName": ("organizationName", "setOrganizationName"),
        "organizationDomain": ("organizationDomain", "setOrganizationDomain"),
        "quitLockEnabled": ("isQuitLockEnabled", "setQuitLockEnabled"),
    }

    def __init__(self, arguments: Sequence[str] | None = None, **properties: Any) -> None:
        global _instance
        if _fork.is_inherited():
            _forget_inherited()
        if QCoreApplication.instance() is not None:
            raise RuntimeError(
                "there is an application object already: let go of it (or call its shutdown()) before making another"
            )
        self._q_arguments = [str(a) for a in (sys.argv if arguments is None else arguments)]
        super().__init__(None, **properties)
        if type(self).notify is not QCoreApplication.notify:
            _delivery.set_notify(self.notify)
        _instance = self._q.ref

    # -- the instance and its loop

    @staticmethod
    def instance() -> QCoreApplication | None:
        """The application object, or None."""
        application = _instance() if _instance is not None else None
        if isinstance(application, QCoreApplication) and application._q.alive:
            return application
        return None

    @staticmethod
    def instanceExists() -> bool:
        """Whether there is an application object."""
        return QCoreApplication.instance() is not None

    @staticmethod
    def exec() -> int:
        """Enter the main event loop; returns the code that was given to `exit`.

        Emits `aboutToQuit` at the end. Ctrl-C leaves it with KeyboardInterrupt. It can be called again. Returns -1,
        with a warning, without an application object, in another thread than the application's, or while it
        runs already.
        """
        application = QCoreApplication.instance()
        if application is None:
            qWarning("QCoreApplication::exec: Please instantiate the QApplication object first")
            return -1
        thread = application._q.thread
        if _fork.is_inherited():
            _fork.leave_loops(thread)
        if thread is not _thread_data.current():
            qWarning("QCoreApplication::exec: Must be called from the main thread")
            return -1
        if thread.loops:
            qWarning("QCoreApplication::exec: The event loop is already running")
            return -1
        thread.quitting = False
        loop = QEventLoop()
        try:
            code = loop.exec(ProcessEventsFlag.ApplicationExec)
        finally:
            thread.quitting = False
        QCoreApplication.aboutToQuit.of(application).emit()
        QCoreApplication.sendPostedEvents(None, EventType.DeferredDelete)
        return code

    exec_ = exec

    @staticmethod
    def exit(returnCode: int = 0) -> None:
        """End `exec` and every nested loop of its thread with *returnCode*; before exec: nothing."""
        if not isinstance(returnCode, int):
            raise TypeError(f"an exit code is an int, not {type(returnCode).__name__}")
        application = QCoreApplication.instance()
        if application is None:
            return
        thread = application._q.thread
        if thread.loops:
            thread.quitting = True
            for loop in list(thread.loops):
                QEventLoop.exit(loop, returnCode)

    @staticmethod
    def quit() -> None:
        """Send the application a Quit event, which ends `exec` with 0 unless a filter stops it.

        Any thread may call it; before exec: nothing.
        """
        application = QCoreApplication.instance()
        if application is None or not application._q.thread.loops:
            return
        if application._q.thread is _thread_data.current():
            deliver(application, QEvent(EventType.Quit))
        else:
            QCoreApplication.postEvent(application, QEvent(EventType.Quit))

    @staticmethod
    def processEvents(flags: int = ProcessEventsFlag.AllEvents, maxtime: Any = None) -> None:
        """Deliver what is pending for this thread.

        With *maxtime* (milliseconds or a QDeadlineTimer), go on until nothing is pending or the time has passed.
        """
        thread = _thread_data.current()
        if maxtime is None:
            process_events(thread, flags)
        else:
            process_events_for(thread, flags, maxtime)

    @staticmethod
    def eventDispatcher() -> QAbstractEventDispatcher | None:
        """The dispatcher of the application's thread."""
        application = QCoreApplication.instance()
        return dispatcher_for(application._q.thread) if application is not None else None

    @staticmethod
    def setEventDispatcher(eventDispatcher: QAbstractEventDispatcher) -> None:
        """Raises TypeError: the back end is chosen by QNET_EVENT_DISPATCHER in the environment."""
        raise TypeError("the dispatcher cannot be replaced; set QNET_EVENT_DISPATCHER to epoll, kqueue or select")

    def moveToThread(self, thread: QThread | None) -> bool:
        """False, with a warning, for another thread: the application stays in the thread that made it."""
        if thread is not None and thread is QObject.thread(self):
            return True
        qWarning("QCoreApplication::moveToThread: the application object cannot be moved")
        return False

    def shutdown(self) -> None:
        """Destroy the application object, so that another can be made although somebody refers to this one."""
        self._q_destroy()

    def _q_finalize(self) -> None:
        global _instance
        if _instance is self._q.ref:
            _instance = None
            _delivery.set_notify(None)
            _delivery.set_global_filters(None)
        super()._q_finalize()

    @staticmethod
    def startingUp() -> bool:
        """Whether there is no application object yet."""
        return QCoreApplication.instance() is None

    @staticmethod
    def closingDown() -> bool:
        """Whether the application object is being destroyed."""
        return False

    # -- events

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Deliver *event* to *receiver*: override to see every event that is sent or posted."""
        if not isinstance(receiver, QObject) or not isinstance(event, QEvent):
            raise TypeError("notify() wants a QObject and a QEvent")
        return notify_default(receiver, event)

    @staticmethod
    def sendEvent(receiver: QObject, event: QEvent) -> bool:
        """Deliver *event* now; returns what the receiver's ``event()`` or a filter returned."""
        _check_event(receiver, event)
        event._q_spontaneous = False
        return deliver(receiver, event)

    @staticmethod
    def postEvent(
        receiver: QObject | None, event: QEvent, priority: int = Qt.EventPriority.NormalEventPriority
    ) -> None:
        """Deliver *event* from the event loop of *receiver*'s thread: higher priorities first, else in order.

        Any thread may call this. Without a receiver nothing happens, with a warning.
        """
        if receiver is None:
            qWarning("QCoreApplication::postEvent: Unexpected null receiver")
            return
        _check_event(receiver, event)
        if not isinstance(priority, int):
            raise TypeError(f"a priority is an int, not {type(priority).__name__}")
        thread = receiver._q.thread
        thread.post(Posted(receiver._q, _Delivery(receiver._q, event), int(event._q_type), int(priority)))
        thread.warn_without_loop(f"event {event._q_type}")

    @staticmethod
    def sendPostedEvents(receiver: QObject | None = None, event_type: int = 0) -> None:
        """Deliver posted events of this thread now: those for *receiver* (None: all) of *event_type* (0: all).

        Deferred deletions are served only if *event_type* asks for them or their loop is due.
        """
        thread = _thread_data.current()
        kind = int(event_type)
        if receiver is None and not kind:
            thread.deliver_posted(thread.loop_level + thread.scope_level)
            return
        wanted = receiver._q if receiver is not None else None
        deletion = int(EventType.DeferredDelete)

        def matches(entry: Posted) -> bool:
            if wanted is not None and entry.receiver is not wanted:
                return False
            return entry.event_type == kind if kind else entry.event_type != deletion

        thread.deliver_matching(matches)

    @staticmethod
    def removePostedEvents(receiver: QObject | None, eventType: int = 0) -> None:
        """Drop posted events: those for *receiver* (None: for any object of this thread) of *eventType* (0: all)."""
        wanted = receiver._q if receiver is not None else None
        thread = wanted.thread if wanted is not None else _thread_data.current()
        kind = int(eventType)
        thread.cancel_matching(
            lambda e: (wanted is None or e.receiver is wanted) and (not kind or e.event_type == kind)
        )

    def event(self, event: QEvent) -> bool:
        """Quits for a Quit event."""
        if event.type() is EventType.Quit:
            QCoreApplication.exit(0)
            return True
        return super().event(event)

    def installEventFilter(self, filterObj: QObject) -> None:
        """Let *filterObj* see every event of every object of the application's thread, before the object's own."""
        super().installEventFilter(filterObj)
        _delivery.set_global_filters(self)

    def installNativeEventFilter(self, filterObj: object) -> None:
        """Accepted for compatibility: a reactor without a display has no native events."""

    def removeNativeEventFilter(self, filterObj: object) -> None:
        """Accepted for compatibility, see `installNativeEventFilter`."""

    # -- names

    @staticmethod
    def arguments() -> list[str]:
        """The program's name and arguments."""
        application = QCoreApplication.instance()
        return list(application._q_arguments) if application is not None else []

    @staticmethod
    def applicationName() -> str:
        """The application's name: that of the program file until it is set."""
        if _names.application is not None:
            return _names.application
        arguments = QCoreApplication.arguments()
        return os.path.basename(arguments[0]) if arguments else ""

    @staticmethod
    def setApplicationName(application: str) -> None:
        """Set the name; emits applicationNameChanged if it differs."""
        changed = QCoreApplication.applicationName() != _text(application)
        _names.application = application or None
        _emit_changed(changed, QCoreApplication.applicationNameChanged)

    @staticmethod
    def applicationVersion() -> str:
        """The application's version, "" until it is set."""
        return _names.version

    @staticmethod
    def setApplicationVersion(version: str) -> None:
        """Set the version; emits applicationVersionChanged if it differs."""
        changed = _names.version != _text(version)
        _names.version = version
        _emit_changed(changed, QCoreApplication.applicationVersionChanged)

    @staticmethod
    def organizationName() -> str:
        """The organisation's name, "" until it is set."""
        return _names.organization

    @staticmethod
    def setOrganizationName(orgName: str) -> None:
        """Set the organisation's name; emits organizationNameChanged if it differs."""
        changed = _names.organization != _text(orgName)
        _names.organization = orgName
        _emit_changed(changed, QCoreApplication.organizationNameChanged)

    @staticmethod
    def organizationDomain() -> str:
        """The organisation's domain, "" until it is set."""
        return _names.domain

    @staticmethod
    def setOrganizationDomain(orgDomain: str) -> None:
        """Set the organisation's domain; emits organizationDomainChanged if it differs."""
        changed = _names.domain != _text(orgDomain)
        _names.domain = orgDomain
        _emit_changed(changed, QCoreApplication.organizationDomainChanged)

    @staticmethod
    def applicationFilePath() -> str:
        """The path of the running program: the Python interpreter, as with PySide6."""
        return os.path.realpath(sys.executable)

    @staticmethod
    def applicationDirPath() -> str:
        """The folder of the running program."""
        return os.path.dirname(QCoreApplication.applicationFilePath())

    @staticmethod
    def applicationPid() -> int:
        """The process id."""
        return os.getpid()

    # -- switches

    @staticmethod
    def setAttribute(attribute: Qt.ApplicationAttribute, on: bool = True) -> None:
        """Set or clear an attribute; those of Qt that concern displays are kept and have no effect."""
        (_names.attributes.add if on else _names.attributes.discard)(int(attribute))

    @staticmethod
    def testAttribute(attribute: Qt.ApplicationAttribute) -> bool:
        """Whether an attribute is set."""
        return int(attribute) in _names.attributes

    @staticmethod
    def isQuitLockEnabled() -> bool:
        """Whether the application quits when its last `QEventLoopLocker` is gone; True by default."""
        return _names.quit_lock

    @staticmethod
    def setQuitLockEnabled(enabled: bool) -> None:
        """Set `isQuitLockEnabled`."""
        _names.quit_lock = bool(enabled)

    @staticmethod
    def isSetuidAllowed() -> bool:
        """What `setSetuidAllowed` was given; Python does not run set-uid in the first place."""
        return _names.setuid

    @staticmethod
    def setSetuidAllowed(allow: bool) -> None:
        """Set `isSetuidAllowed`; it has no further effect."""
        _names.setuid = bool(allow)

    @staticmethod
    def libraryPaths() -> list[str]:
        """The folders to look for plug-ins in: the program's, until they are set."""
        if _names.library_paths is None:
            _names.library_paths = [QCoreApplication.applicationDirPath()]
        return list(_names.library_paths)

    @staticmethod
    def setLibraryPaths(paths: Sequence[str]) -> None:
        """Set the folders to look for plug-ins in."""
        _names.library_paths = [_text(p) for p in paths]

    @staticmethod
    def addLibraryPath(path: str) -> None:
        """Put *path* in front of the folders to look for plug-ins in; nothing happens if it is no folder."""
        paths = QCoreApplication.libraryPaths()
        if _text(path) not in paths and os.path.isdir(path):
            _names.library_paths = [path, *paths]

    @staticmethod
    def removeLibraryPath(path: str) -> None:
        """Take *path* out of the folders to look for plug-ins in."""
        _names.library_paths = [p for p in QCoreApplication.libraryPaths() if p != path]

    # -- translation and permissions

    @staticmethod
    def installTranslator(translator: Any) -> bool:
        """Ask *translator*, any object with Qt's ``translate(context, text, disambiguation, n)``, first."""
        if not callable(getattr(translator, "translate", None)):
            raise TypeError("a translator has a translate() method")
        _names.translators.append(translator)
        return True

    @staticmethod
    def removeTranslator(translator: Any) -> bool:
        """Undo `installTranslator`; False if it was not installed."""
        if translator not in _names.translators:
            return False
        _names.translators.remove(translator)
        return True

    @staticmethod
    def translate(context: str, key: str, disambiguation: str | None = None, n: int = -1) -> str:
        """*key* in the user's language: what the newest translator that knows it says, or itself.

        ``%n`` becomes *n* if that is 0 or more.
        """
        _text(context)
        text = _text(key)
        for translator in reversed(_names.translators):
            found = translator.translate(context, key, disambiguation, n)
            if found:
                text = found
                break
        return text.replace("%n", str(n)) if n >= 0 else text

    def checkPermission(self, permission: object) -> int:
        """1, granted: there are no permissions to ask for on this system."""
        return 1

    def requestPermission(self, permission: object, *args: Any) -> None:
        """Calls the callable in *args* with *permission* from the event loop: everything is granted."""
        from qnet.core._post import post_call

        callback: Callable[..., object] = args[-1]
        post_call(self, callback, permission)

    def resolveInterface(self, name: str, revision: int) -> None:
        """None: there are no native interfaces."""


def _forget_inherited() -> None:
    """In a forked child that makes an application of its own: leave the parent's where it is."""
    global _instance
    _instance = None
    _delivery.set_notify(None)
    _delivery.set_global_filters(None)
    _fork.start_afresh()


class _Delivery:
    """A posted event on its way."""

    __slots__ = ("event", "receiver")

    def __init__(self, receiver: ObjectData, event: QEvent) -> None:
        self.receiver = receiver
        self.event = event

    def __call__(self) -> None:
        obj = self.receiver.ref()
        if obj is not None:
            deliver(obj, self.event)


def _check_event(receiver: QObject, event: QEvent) -> None:
    if not isinstance(receiver, QObject):
        raise TypeError(f"the receiver of an event is a QObject, not {type(receiver).__name__}")
    if not isinstance(event, QEvent):
        raise TypeError(f"an event is a QEvent, not {type(event).__name__}")


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a str is expected, not {type(value).__name__}")
    return value


def _emit_changed(changed: bool, signal: Signal) -> None:
    application = QCoreApplication.instance()
    if changed and application is not None:
        signal.of(application).emit()

"""The names of Qt Core, each loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qnet._lazy import attach

if TYPE_CHECKING:
    from qnet.core.application import QCoreApplication as QCoreApplication
    from qnet.core.buffer import QBuffer as QBuffer
    from qnet.core.bytearray import QByteArray as QByteArray, QByteArrayView as QByteArrayView
    from qnet.core.datastream import QDataStream as QDataStream
    from qnet.core.deadlinetimer import QDeadlineTimer as QDeadlineTimer
    from qnet.core.elapsedtimer import QElapsedTimer as QElapsedTimer
    from qnet.core.event import (
        QChildEvent as QChildEvent,
        QDynamicPropertyChangeEvent as QDynamicPropertyChangeEvent,
        QEvent as QEvent,
        QTimerEvent as QTimerEvent,
    )
    from qnet.core.eventdispatcher import QAbstractEventDispatcher as QAbstractEventDispatcher
    from qnet.core.eventloop import QEventLoop as QEventLoop, QEventLoopLocker as QEventLoopLocker
    from qnet.core.file import QFile as QFile
    from qnet.core.filedevice import QFileDevice as QFileDevice
    from qnet.core.hooks import setSlotExceptionHook as setSlotExceptionHook
    from qnet.core.iodevice import QIODevice as QIODevice, QIODeviceBase as QIODeviceBase
    from qnet.core.logging import (
        QMessageLogContext as QMessageLogContext,
        QtMsgType as QtMsgType,
        qCritical as qCritical,
        qDebug as qDebug,
        qFatal as qFatal,
        qInfo as qInfo,
        qInstallMessageHandler as qInstallMessageHandler,
        qWarning as qWarning,
    )
    from qnet.core.metaobject import (
        Q_ARG as Q_ARG,
        Q_RETURN_ARG as Q_RETURN_ARG,
        QMetaClassInfo as QMetaClassInfo,
        QMetaMethod as QMetaMethod,
        QMetaObject as QMetaObject,
        QMetaProperty as QMetaProperty,
    )
    from qnet.core.mutex import (
        QBasicMutex as QBasicMutex,
        QMutex as QMutex,
        QMutexLocker as QMutexLocker,
        QRecursiveMutex as QRecursiveMutex,
    )
    from qnet.core.namespace import Qt as Qt
    from qnet.core.object import QObject as QObject
    from qnet.core.readwritelock import (
        QReadLocker as QReadLocker,
        QReadWriteLock as QReadWriteLock,
        QWriteLocker as QWriteLocker,
    )
    from qnet.core.semaphore import QSemaphore as QSemaphore, QSemaphoreReleaser as QSemaphoreReleaser
    from qnet.core.signalblocker import QSignalBlocker as QSignalBlocker
    from qnet.core.signals import Signal as Signal, SignalInstance as SignalInstance
    from qnet.core.slots import (
        SIGNAL as SIGNAL,
        SLOT as SLOT,
        ClassInfo as ClassInfo,
        Property as Property,
        QEnum as QEnum,
        QFlag as QFlag,
        Slot as Slot,
    )
    from qnet.core.socketnotifier import QSocketDescriptor as QSocketDescriptor, QSocketNotifier as QSocketNotifier
    from qnet.core.stringconverter import (
        QStringConverter as QStringConverter,
        QStringConverterBase as QStringConverterBase,
    )
    from qnet.core.textstream import QTextStream as QTextStream
    from qnet.core.thread import QThread as QThread
    from qnet.core.threadpool import QRunnable as QRunnable, QThreadPool as QThreadPool
    from qnet.core.timer import QBasicTimer as QBasicTimer, QChronoTimer as QChronoTimer, QTimer as QTimer
    from qnet.core.url import QUrl as QUrl
    from qnet.core.urlquery import QUrlQuery as QUrlQuery
    from qnet.core.waitcondition import QWaitCondition as QWaitCondition

_EXPORTS = {
    "qnet.core.application": "QCoreApplication",
    "qnet.core.buffer": "QBuffer",
    "qnet.core.bytearray": "QByteArray QByteArrayView",
    "qnet.core.datastream": "QDataStream",
    "qnet.core.deadlinetimer": "QDeadlineTimer",
    "qnet.core.elapsedtimer": "QElapsedTimer",
    "qnet.core.event": "QEvent QTimerEvent QChildEvent QDynamicPropertyChangeEvent",
    "qnet.core.eventdispatcher": "QAbstractEventDispatcher",
    "qnet.core.eventloop": "QEventLoop QEventLoopLocker",
    "qnet.core.file": "QFile",
    "qnet.core.filedevice": "QFileDevice",
    "qnet.core.hooks": "setSlotExceptionHook",
    "qnet.core.iodevice": "QIODevice QIODeviceBase",
    "qnet.core.logging": "qDebug qInfo qWarning qCritical qFatal qInstallMessageHandler QtMsgType QMessageLogContext",
    "qnet.core.metaobject": "QMetaObject QMetaMethod QMetaProperty QMetaClassInfo Q_ARG Q_RETURN_ARG",
    "qnet.core.mutex": "QMutex QRecursiveMutex QMutexLocker QBasicMutex",
    "qnet.core.namespace": "Qt",
    "qnet.core.object": "QObject",
    "qnet.core.readwritelock": "QReadWriteLock QReadLocker QWriteLocker",
    "qnet.core.semaphore": "QSemaphore QSemaphoreReleaser",
    "qnet.core.signalblocker": "QSignalBlocker",
    "qnet.core.signals": "Signal SignalInstance",
    "qnet.core.slots": "Slot Property ClassInfo QEnum QFlag SIGNAL SLOT",
    "qnet.core.socketnotifier": "QSocketNotifier QSocketDescriptor",
    "qnet.core.stringconverter": "QStringConverter QStringConverterBase",
    "qnet.core.textstream": "QTextStream",
    "qnet.core.thread": "QThread",
    "qnet.core.threadpool": "QThreadPool QRunnable",
    "qnet.core.timer": "QTimer QChronoTimer QBasicTimer",
    "qnet.core.url": "QUrl",
    "qnet.core.urlquery": "QUrlQuery",
    "qnet.core.waitcondition": "QWaitCondition",
}

EXPORTED = frozenset(" ".join(_EXPORTS.values()).split())
if not TYPE_CHECKING:  # so that type checkers report names that do not exist
    __all__ = sorted(EXPORTED)
    __getattr__, __dir__ = attach(__name__, _EXPORTS)

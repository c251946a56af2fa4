"""The way of an event to its receiver: ``notify`` of the application, filters, and the object itself.

Everything that happens to an object as an event goes through `deliver`. `observed` tells those who would rather
make no event (a timer whose only effect is a signal, say) that somebody wants to see it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qnet.core import hooks
from qnet.core.logging import qWarning

if TYPE_CHECKING:
    from qnet.core.event import QEvent
    from qnet.core.object import QObject

__all__ = ["deliver", "notify_default", "observed", "set_global_filters", "set_notify"]


def deliver(receiver: QObject, event: QEvent) -> bool:
    """Send *event* to *receiver* now, through the application's ``notify`` and the event filters."""
    try:
        return _notify(receiver, event)
    except Exception as error:
        hooks.report(error, f"event {event._q_type}", receiver.event, emitted=False)
        return False


def notify_default(receiver: QObject, event: QEvent) -> bool:
    """The application's filters first, then the object's, the newest before the older ones, then the object itself."""
    everywhere = _global_filters
    if (
        everywhere is not None
        and everywhere is not receiver
        and everywhere._q.thread is receiver._q.thread
        and _is_filtered(everywhere, receiver, event)
    ):
        return True
    if "_q_filters" in receiver.__dict__ and _is_filtered(receiver, receiver, event):
        return True
    return bool(receiver.event(event))


def _is_filtered(watched: QObject, receiver: QObject, event: QEvent) -> bool:
    """Whether a filter that is installed on *watched* stopped *event*, or destroyed its receiver."""
    filters = watched.__dict__.get("_q_filters", ())
    for ref in reversed(list(filters)):
        watcher = ref()
        if watcher is None or not watcher._q.alive or ref not in filters:
            continue
        if watcher._q.thread is not watched._q.thread:
            qWarning("QCoreApplication: Object event filter cannot be in a different thread.")
            continue
        if watcher.eventFilter(receiver, event) or not receiver._q.alive:
            return True
    return False


_notify: Callable[[QObject, QEvent], bool] = notify_default
_global_filters: QObject | None = None
observed = False  # whether somebody wants to see every event, so that no short cut may be taken


def set_notify(notify: Callable[[QObject, QEvent], bool] | None) -> None:
    """Put an application's ``notify`` in the path of every event; None takes it out."""
    global _notify, observed
    _notify = notify if notify is not None else notify_default
    observed = notify is not None or _global_filters is not None


def set_global_filters(application: QObject | None) -> None:
    """Let the filters of *application* see the events of every object; None: no more."""
    global _global_filters, observed
    _global_filters = application
    observed = application is not None or _notify is not notify_default

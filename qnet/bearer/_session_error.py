"""The name ``error``, which is a signal and a method in Qt 5: ``session.error.connect(slot)``, ``session.error()``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from qnet.bearer._session_states import SessionError
from qnet.core.signals import Signal, SignalInstance

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["ErrorSignal", "ErrorSignalInstance"]

_Self = TypeVar("_Self", bound="ErrorSignal")


class ErrorSignalInstance(SignalInstance):
    """The signal of one session; called, it returns the error."""

    __slots__ = ()

    def __call__(self) -> SessionError:  # type: ignore[override]  # signals are not called otherwise
        """What went wrong last."""
        owner = self._owner.ref()
        return getattr(owner, "_q_error", SessionError.UnknownSessionError)


class ErrorSignal(Signal):
    """Declares it in the body of a class whose objects have the error in ``_q_error``."""

    @overload
    def __get__(self: _Self, obj: None, owner: type) -> _Self: ...
    @overload
    def __get__(self, obj: QObject, owner: type | None = None) -> ErrorSignalInstance: ...
    def __get__(self: _Self, obj: QObject | None, owner: type | None = None) -> _Self | ErrorSignalInstance:
        return self if obj is None else self.of(obj)

    def of(self, obj: QObject) -> ErrorSignalInstance:
        """See the base class."""
        instance: Any = self.existing(obj)
        if instance is None:
            data = obj.__dict__.get("_q") or super().of(obj)._owner  # which raises what there is to say
            fresh = ErrorSignalInstance(self, data, self.overloads[0])
            instance = obj.__dict__.setdefault(self._key(obj), fresh)
        return cast(ErrorSignalInstance, instance)

"""Qt's enums as Python enums.

Members compare and hash like their integer values, because old PyQt programs compare them with numbers, but
print by name, because a log line that says ``3`` helps nobody. ``@flat_enums`` adds the unscoped spelling
(``QAbstractSocket.ConnectedState``) that most public programs use to the scoped one.
"""

from __future__ import annotations

import enum
from typing import TypeVar

__all__ = ["QtEnum", "QtFlag", "flat_enums"]

_Class = TypeVar("_Class", bound=type)


class QtEnum(enum.IntEnum):
    """An enumeration of Qt's: an integer that prints as ``SocketState.ConnectedState``."""

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __format__(self, spec: str) -> str:
        return format(str(self) if not spec or spec[-1] in "s<>^" else int(self), spec)


class QtFlag(enum.IntFlag):
    """A set of flags of Qt's: combines with ``|``, ``&``, ``~`` and prints its members."""

    def __str__(self) -> str:
        name = self.name
        if name is None:
            parts = [m.name for m in type(self) if m.value and m.value & ~self.value == 0 and m.name]
            name = "|".join(parts) if parts else str(self.value)
        return f"{type(self).__name__}.{name}"

    def __format__(self, spec: str) -> str:
        return format(str(self) if not spec or spec[-1] in "s<>^" else int(self), spec)


def flat_enums(cls: _Class) -> _Class:
    """Class decorator: make every member of the enums defined in the class body reachable on the class itself.

    A name that the class already defines (a method, say) wins over an enum member of the same name. An enum that was
    defined outside the class body, under a name of its own, takes the name by which users find it.
    """
    for attribute, nested in list(vars(cls).items()):
        if isinstance(nested, type) and issubclass(nested, enum.Enum):
            if vars(cls).get(nested.__name__) is not nested:
                nested.__module__, nested.__name__ = cls.__module__, attribute
                nested.__qualname__ = f"{cls.__qualname__}.{attribute}"
            for name, member in nested.__members__.items():
                if not hasattr(cls, name):
                    setattr(cls, name, member)
    return cls

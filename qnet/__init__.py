"""Qt's signals, event loop and network module for Python, with no Qt underneath.

``from qnet import QTcpSocket``, ``from qnet.QtNetwork import QTcpSocket`` and ``qnet.QtNetwork.QTcpSocket`` are
one and the same object. Every module is loaded when a name of it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qnet._version import __version__ as __version__

if TYPE_CHECKING:
    from qnet.QtCore import *  # noqa: F403  the same names, for type checkers
    from qnet.QtNetwork import *  # noqa: F403
    from qnet.QtTest import *  # noqa: F403

_MODULES = ("QtCore", "QtNetwork", "QtTest")


def _exported() -> list[str]:
    return sorted(name for module in _MODULES for name in import_module(f"qnet.{module}").EXPORTED)


def _load(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"qnet.{name}")
    if name == "__all__":
        return _exported()
    if not name.startswith("_"):
        for module in _MODULES:
            namespace = import_module(f"qnet.{module}")
            if name in namespace.EXPORTED:
                value = getattr(namespace, name)
                globals()[name] = value
                return value
    raise AttributeError(f"module 'qnet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_exported()})


if not TYPE_CHECKING:  # so that type checkers report names that do not exist
    __getattr__ = _load

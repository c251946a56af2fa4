"""Every public name is documented, typed, defined in one place and safe to derive from."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

NAMESPACES = ["QtCore", "QtNetwork", "QtTest"]
TABLE = {
    name: home
    for namespace in NAMESPACES
    for home, names in importlib.import_module(f"qnet.{namespace}")._EXPORTS.items()
    for name in names.split()
}
PUBLIC = {name: getattr(importlib.import_module(home), name) for name, home in TABLE.items()}
CLASSES = {name: thing for name, thing in PUBLIC.items() if isinstance(thing, type)}
QObject: Any = PUBLIC["QObject"]
Signal: Any = PUBLIC["Signal"]

# Which Python gives names of its own to, or which the classes define for Python
PYTHONS_OWN = {"_abc_impl", "_missing_", "_generate_next_value_", "_member_map_", "_value_"}


def is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "qnet"


def members(cls: type) -> Iterator[tuple[str, Any, type]]:
    """The attributes that qnet's classes in the order of resolution define, each with the class that does."""
    seen = set()
    for owner in cls.__mro__:
        if is_ours(owner) and not (cls is not owner and issubclass(owner, enum.Enum)):
            for name, value in vars(owner).items():
                if name not in seen:
                    seen.add(name)
                    yield name, value, owner


def functions(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods, constructors and properties of a class."""
    for name, value, _ in members(cls):
        if name.startswith("_") and name != "__init__":
            continue
        parts = [value.fget, value.fset] if isinstance(value, property) else [value]
        for part in parts:
            function = inspect.unwrap(getattr(part, "__func__", part)) if part is not None else None
            if inspect.isfunction(function) and is_ours(function):
                yield name, function


def undocumented(name: str, thing: Any) -> bool:
    return not (inspect.getdoc(thing) or "").strip() or inspect.getdoc(thing) == inspect.getdoc(object)


def attribute_docstrings(cls: type) -> set[str]:
    """The attributes in a class body that a string literal follows."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = set()
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found


def spoken_of(cls: type) -> set[str]:
    """The words in the docstrings of a class, its methods and its module."""
    texts = [inspect.getdoc(cls) or "", sys.modules[cls.__module__].__doc__ or ""]
    texts += [inspect.getdoc(function) or "" for name, function in functions(cls) if name != "__init__"]
    return set(re.findall(r"\w+", " ".join(texts)))


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_it_is_documented(name: str) -> None:
    thing = PUBLIC[name]
    missing = [name] if undocumented(name, thing) else []
    if isinstance(thing, type):
        for attribute, function in functions(thing):
            if attribute != "__init__" and undocumented(attribute, function):
                missing.append(f"{name}.{attribute}()")
        for attribute, value, owner in members(thing):
            if attribute.startswith("_"):
                continue
            if isinstance(value, type) and is_ours(value) and undocumented(attribute, value):
                missing.append(f"{name}.{attribute}")
            if isinstance(value, Signal) and attribute not in attribute_docstrings(owner) | spoken_of(owner):
                missing.append(f"{name}.{attribute} (signal)")
    assert missing == []


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_it_is_typed(name: str) -> None:
    thing = PUBLIC[name]
    typed = [(name, thing)] if inspect.isfunction(thing) else []
    if isinstance(thing, type):
        typed += [(f"{name}.{attribute}", function) for attribute, function in functions(thing)]
    missing = []
    for label, function in typed:
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())
        if parameters and parameters[0].name in ("self", "cls") and "." in label:
            del parameters[0]
        if any(p.annotation is p.empty for p in parameters) or signature.return_annotation is signature.empty:
            missing.append(f"{label}{signature}")
    assert missing == []


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_it_is_defined_and_exported_where_the_table_says(name: str) -> None:
    home = importlib.import_module(TABLE[name])
    assert name in home.__all__
    assert not TABLE[name].rpartition(".")[2].startswith("_")
    thing = PUBLIC[name]
    if inspect.isfunction(thing) or isinstance(thing, type):
        assert thing.__name__ == name
        others = [
            module.__name__
            for module in list(sys.modules.values())
            if getattr(module, "__name__", "").startswith(("qnet.core", "qnet.kernel", "qnet.socket", "qnet.testing"))
            and module is not home
            and not module.__name__.rpartition(".")[2].startswith("_")  # a part of the public one
            and name in getattr(module, "__all__", ())
        ]
        assert others == [], "offered by more than one module"


def enums_of(cls: type) -> list[type[enum.Enum]]:
    found = {id(v): v for _, v, _ in members(cls) if isinstance(v, type) and issubclass(v, enum.Enum)}
    return list(found.values())


WITH_ENUMS = sorted(name for name, cls in CLASSES.items() if not issubclass(cls, enum.Enum) and enums_of(cls))


@pytest.mark.parametrize("name", WITH_ENUMS)
def test_its_enum_members_are_found_scoped_and_flat(name: str) -> None:
    cls: Any = CLASSES[name]
    flat_names: dict[str, list[enum.Enum]] = {}
    for each in enums_of(cls):
        assert getattr(cls, each.__name__, None) is each, "an enum is found by the name that it prints"
        for member_name, member in each.__members__.items():
            flat_names.setdefault(member_name, []).append(member)
    for member_name, candidates in flat_names.items():
        flat = getattr(cls, member_name)
        assert callable(flat) or any(flat is member for member in candidates)  # a method of that name wins


def test_most_classes_with_enums_were_looked_at() -> None:
    assert {"QAbstractSocket", "QUdpSocket", "QEvent", "QUrl", "Qt"} <= set(WITH_ENUMS)


def make(name: str) -> Any:
    """An object of a public class that is not abstract."""
    cls: Any = CLASSES[name]
    if name == "QCoreApplication":
        return cls.instance() or cls(["test"])
    if name == "QNetworkInformation":
        cls.loadDefaultBackend()
        return cls.instance()
    if name == "QSocketNotifier":
        return cls(-1, cls.Type.Read)
    if name == "QAbstractSocket":
        return cls(cls.SocketType.TcpSocket)
    if name == "QNetworkSession":
        return cls(CLASSES["QNetworkConfiguration"]())
    return cls()


ABSTRACT = {"QAbstractEventDispatcher", "QAbstractSocketEngine", "QIODevice"}
QOBJECTS = sorted(name for name, cls in CLASSES.items() if issubclass(cls, QObject))


@pytest.mark.parametrize("name", sorted(set(QOBJECTS) - ABSTRACT))
def test_an_object_keeps_its_private_attributes_out_of_the_way(name: str) -> None:
    thing = make(name)
    signals = {attribute for attribute, value, _ in members(type(thing)) if isinstance(value, Signal)}
    assert vars(thing), "nothing to look at"
    assert [a for a in vars(thing) if not a.startswith("_q") and a not in signals] == []


@pytest.mark.parametrize("name", QOBJECTS)
def test_a_class_keeps_its_private_methods_out_of_the_way(name: str) -> None:
    private = {
        attribute
        for attribute, _, _ in members(CLASSES[name])
        if attribute.startswith("_") and not attribute.startswith(("_q", "__")) and attribute not in PYTHONS_OWN
    }
    assert private == set()

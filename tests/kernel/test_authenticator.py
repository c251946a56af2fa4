"""QAuthenticator: what it holds, when it is null, copies and equality."""

from __future__ import annotations

import copy
from typing import Any

import pytest

SETTERS = ("setUser", "setPassword", "setRealm")


def values(authenticator: Any) -> tuple[Any, ...]:
    return authenticator.user(), authenticator.password(), authenticator.realm(), authenticator.options()


def filled(qt: Any) -> Any:
    authenticator = qt.QAuthenticator()
    authenticator.setUser("user")
    authenticator.setPassword("secret")
    authenticator.setRealm("realm")
    authenticator.setOption("spn", "HTTP/host")
    return authenticator


def test_null(qt: Any) -> None:
    authenticator = qt.QAuthenticator()
    assert authenticator.isNull()
    assert values(authenticator) == ("", "", "", {})
    assert authenticator.option("realm") is None
    assert authenticator == qt.QAuthenticator()


def test_values(qt: Any) -> None:
    authenticator = filled(qt)
    assert not authenticator.isNull()
    assert values(authenticator) == ("user", "secret", "realm", {"spn": "HTTP/host"})
    assert authenticator.option("spn") == "HTTP/host"


@pytest.mark.parametrize("setter", SETTERS)
@pytest.mark.parametrize("value", ["", "x", None])
def test_any_setter_ends_null(qt: Any, setter: str, value: Any) -> None:
    authenticator = qt.QAuthenticator()
    getattr(authenticator, setter)(value)
    assert not authenticator.isNull()
    assert authenticator != qt.QAuthenticator(), "null differs from empty"
    assert getattr(authenticator, setter[3:].lower())() == (value or "")


def test_a_domain_stays_in_the_users_name(qt: Any) -> None:
    authenticator = qt.QAuthenticator()
    for name in ("DOMAIN\\user", "user@example.com", "üñí€"):
        authenticator.setUser(name)
        assert values(authenticator) == (name, "", "", {})


def test_options(qt: Any) -> None:
    authenticator = qt.QAuthenticator()
    authenticator.setOption("a", None)
    assert authenticator.isNull(), "nothing was set"
    for value in (5, "text", b"bytes", [1], {"k": 1}):
        authenticator.setOption("a", value)
        assert authenticator.option("a") == value
    assert not authenticator.isNull()
    authenticator.setOption("a", None)
    assert authenticator.options() == {"a": None}
    options = authenticator.options()
    options["b"] = 1
    assert authenticator.options() == {"a": None}
    authenticator.setOption("realm", "x")
    assert authenticator.realm() == "", "the option is not the property"


def test_copies_are_their_own(qt: Any) -> None:
    first = filled(qt)
    for second in (qt.QAuthenticator(first), copy.copy(first)):
        assert second == first
        second.setUser("other")
        second.setOption("b", 1)
        assert values(first) == ("user", "secret", "realm", {"spn": "HTTP/host"})
        assert second != first
    assert qt.QAuthenticator(qt.QAuthenticator()).isNull()


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        (lambda a: None, True),
        (lambda a: a.setUser("user"), True),
        (lambda a: a.setUser("User"), False),
        (lambda a: a.setPassword(""), False),
        (lambda a: a.setRealm("x"), False),
        (lambda a: a.setOption("spn", "x"), False),
        (lambda a: a.setOption("other", None), True),
    ],
)
def test_equality(qt: Any, change: Any, equal: bool) -> None:
    other = filled(qt)
    change(other)
    assert (filled(qt) == other) is equal
    assert (filled(qt) != other) is not equal


def test_wrong_types(qt: Any) -> None:
    authenticator = qt.QAuthenticator()
    for setter in SETTERS:
        for wrong in (5, b"x", []):
            with pytest.raises(TypeError):
                getattr(authenticator, setter)(wrong)
    for wrong in (5, "x", qt.QNetworkProxy()):
        with pytest.raises(TypeError):
            qt.QAuthenticator(wrong)
    with pytest.raises(TypeError):
        authenticator.setOption(5, "x")
    with pytest.raises(TypeError):
        hash(authenticator)
    assert authenticator.isNull()
    assert authenticator != "x"


def test_prints_neither_user_nor_password(qt: Any) -> None:
    assert "user" not in repr(filled(qt))
    assert "secret" not in repr(filled(qt))


def test_derived(qt: Any) -> None:
    class Mine(qt.QAuthenticator):  # type: ignore[misc]  # the implementation is only known at run time
        def __init__(self) -> None:
            super().__init__()
            self.source = "keyring"

    mine = Mine()
    mine.setUser("user")
    assert mine.source == "keyring"
    assert qt.QAuthenticator(mine).user() == "user"

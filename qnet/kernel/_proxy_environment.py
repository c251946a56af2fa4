"""The system's proxy configuration: the environment variables that curl made customary.

The environment comes in as a mapping, so that all of this can be tested without one. The same few values are read
for each connection, so what they mean is remembered, and what is wrong with them is said once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from qnet.core.logging import qWarning
from qnet.core.url import QUrl
from qnet.kernel._address_text import parse_ipv4, parse_ipv6, parse_subnet
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.kernel.networkproxyquery import QNetworkProxyQuery

__all__ = ["bypasses_proxy", "parse_proxy", "proxy_from_environment"]

_HTTP = QNetworkProxy.ProxyType.HttpProxy
_SOCKS = QNetworkProxy.ProxyType.Socks5Proxy
_TYPES = {"http": (_HTTP, 8080), "socks": (_SOCKS, 1080), "socks5": (_SOCKS, 1080), "socks5h": (_SOCKS, 1080)}
_OWN_VARIABLES = frozenset({"http", "https", "ftp"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}

_SEPARATORS = re.compile(r"[\s,]+")
_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})")


def proxy_from_environment(query: QNetworkProxyQuery, environment: Mapping[str, str]) -> QNetworkProxy | None:
    """The proxy that *environment* names for *query*; None for a direct connection."""
    tag = query.protocolTag()
    for variable in _variables(tag):
        value = _lookup(environment, variable)
        proxy = _remembered(variable, value) if value else None
        if proxy is None:
            continue
        port = query.peerPort()
        exceptions = _lookup(environment, "no_proxy")
        if bypasses_proxy(exceptions, query.peerHostName(), _DEFAULT_PORTS.get(tag, -1) if port < 0 else port):
            return None
        return QNetworkProxy(proxy)
    return None


def _variables(tag: str) -> Iterator[str]:
    """The variables to look at for the protocol *tag*, the one that counts most first."""
    if tag in _OWN_VARIABLES:
        yield f"{tag}_proxy"
        if tag != "http":
            yield "http_proxy"
        yield "all_proxy"
    else:
        yield "all_proxy"
        yield "http_proxy"


def _lookup(environment: Mapping[str, str], variable: str) -> str:
    """The value of *variable* in lower or upper case; one that is set and empty hides the upper-case one."""
    value = environment.get(variable)
    if value is None and not (variable == "http_proxy" and "REQUEST_METHOD" in environment):
        # CVE-2016-5385: a CGI program finds the header "Proxy:" of its client in HTTP_PROXY.
        value = environment.get(variable.upper())
    return value or ""


@lru_cache(maxsize=32)
def _remembered(variable: str, value: str) -> QNetworkProxy | None:
    try:
        return parse_proxy(value)
    except ValueError as error:
        # Not the value: there may be a password in it.
        qWarning(f"The environment variable {variable} is ignored: {error}")
        return None


def parse_proxy(value: str) -> QNetworkProxy:
    """The proxy that *value* names, ``[scheme://][user[:password]@]host[:port]``; ValueError says what is wrong."""
    text = value.strip()
    if "://" not in text:
        text = "http://" + text.removeprefix("//")
    url = QUrl(text)
    if not url.isValid():
        raise ValueError("it is no URL of a proxy, such as http://proxy.example:8080")
    if url.scheme() not in _TYPES:
        raise ValueError(f'there is no proxy of the kind "{url.scheme()}": http, socks5 and socks5h are known')
    if not url.host():
        raise ValueError("it names no host")
    kind, default_port = _TYPES[url.scheme()]
    host = url.host()
    if ":" not in host:  # not an address, whose scope would be written as in a URL
        host = url.host(QUrl.ComponentFormattingOption.EncodeUnicode)
    return QNetworkProxy(kind, host, url.port() if url.port() > 0 else default_port, url.userName(), url.password())


class _Address(NamedTuple):
    """An address; a v4-mapped one is the IPv4 address within."""

    bits: int  # 32 or 128
    value: int


class _Rule(NamedTuple):
    """An entry of no_proxy: a name with all below it, or a network."""

    name: str  # "" for a network
    network: _Address
    host_bits: int  # how many bits at the end of an address do not matter
    port: int  # -1 for any

    def covers(self, name: str, address: _Address | None) -> bool:
        """Whether the entry stands for the host *name*, which is *address* if it is one."""
        if address is None:
            return bool(self.name) and (name == self.name or name.endswith("." + self.name))
        # The end of an address is no domain: the name "3" does not stand for 10.1.2.3.
        if self.name or address.bits != self.network.bits:
            return False
        return (address.value ^ self.network.value) >> self.host_bits == 0


_NO_NETWORK = _Address(0, 0)


def bypasses_proxy(no_proxy: str, host: str, port: int) -> bool:
    """Whether *no_proxy* lists *host*, a name or an address, with *port* (-1 if that is not known)."""
    if not no_proxy:
        return False
    everybody, rules = _rules(no_proxy)
    if everybody or not host:
        return everybody
    name, address = _plain_name(host), _parse_address(host)
    return any(rule.port in (-1, port) and rule.covers(name, address) for rule in rules)


@lru_cache(maxsize=8)
def _rules(no_proxy: str) -> tuple[bool, tuple[_Rule, ...]]:
    """Whether there is a "*" in *no_proxy*, and its other entries."""
    entries = [entry for entry in _SEPARATORS.split(no_proxy) if entry]
    parsed = map(_parse_rule, entries)
    return "*" in entries, tuple(rule for rule in parsed if rule is not None)


def _parse_rule(entry: str) -> _Rule | None:
    port = -1
    match = _WITH_PORT.fullmatch(entry)
    if match:
        entry, port = match[1], int(match[2])
    network = _parse_network(entry)
    if network is not None:
        return _Rule("", *network, port)
    name = _plain_name(entry.removeprefix("*").removeprefix("."))
    return _Rule(name, _NO_NETWORK, 0, port) if name else None


def _parse_network(text: str) -> tuple[_Address, int] | None:
    """The number and the host bits of an address, whole (not "10.1"), or of a network (``parseSubnet``'s forms)."""
    text = text.removeprefix("[").removesuffix("]")
    if "/" in text.lstrip("/"):
        subnet = parse_subnet(text)
        if subnet is None:
            return None
        is_ipv6, value, _, prefix = subnet
        bits = 128 if is_ipv6 else 32
        # A network of v4-mapped addresses is one of IPv4 addresses; one that contains them all is not.
        return _address(bits, value) if prefix >= 96 else _Address(bits, value), bits - prefix
    address = _parse_address(text) if ":" in text or text.count(".") == 3 else None
    return None if address is None else (address, 0)


def _parse_address(host: str) -> _Address | None:
    if ":" in host:
        value, bits = parse_ipv6(host.partition("%")[0]), 128
    else:
        value, bits = parse_ipv4(host), 32
    return None if value is None else _address(bits, value)


def _address(bits: int, value: int) -> _Address:
    return _Address(32, value & 0xFFFFFFFF) if bits == 128 and value >> 32 == 0xFFFF else _Address(bits, value)


def _plain_name(host: str) -> str:
    """*host* as names are compared: in the ASCII form, lower case, without the dot of the root."""
    name = host.lower().removesuffix(".")
    return name if name.isascii() else bytes(QUrl.toAce(name)).decode("ascii")

"""QNetworkProxyFactory: who decides about proxies, and what the environment says. Environment variables that Qt
reads are set in this very process: both implementations look at them for each query."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
from _proxies import DIRECT, environment, shown

__all__ = ["environment"]

pytestmark = pytest.mark.usefixtures("environment")


KEPT: list[Any] = []


def factory_of(qt: Any, *proxies: Any) -> Any:
    class Factory(qt.QNetworkProxyFactory):
        def __init__(self) -> None:
            super().__init__()
            self.asked: list[Any] = []

        def queryProxy(self, query: Any = None) -> list[Any]:
            self.asked.append(qt.QNetworkProxyQuery(query))
            return list(proxies)

    return Factory()


def install(qt: Any, factory: Any) -> None:
    """Make *factory* the application's. Qt crashes when one that is in use has died, so there it is kept."""
    if not qt.is_qnet:
        KEPT.append(factory)
    qt.QNetworkProxyFactory.setApplicationProxyFactory(factory)


def socks(qt: Any, host: str = "socks") -> Any:
    return qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.Socks5Proxy, host, 1)


def asked(qt: Any, host: str = "example.com") -> list[tuple[str, str, int]]:
    return shown(qt.QNetworkProxyFactory.proxyForQuery(qt.QNetworkProxyQuery(host, 80)))


# Who decides


def test_the_system_decides_at_first(qt: Any, environment: pytest.MonkeyPatch) -> None:
    assert qt.QNetworkProxyFactory.usesSystemConfiguration()
    assert shown([qt.QNetworkProxy.applicationProxy()]) == [DIRECT]
    environment.setenv("http_proxy", "http://p:1")
    assert asked(qt) == [("HttpProxy", "p", 1), DIRECT]
    assert shown([qt.QNetworkProxy.applicationProxy()]) == [("HttpProxy", "p", 1)]


def test_each_source_replaces_the_other(qt: Any, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "http://p:1")
    uses = qt.QNetworkProxyFactory.usesSystemConfiguration
    use = qt.QNetworkProxyFactory.setUseSystemConfiguration
    install(qt, factory_of(qt, socks(qt), socks(qt, "second")))
    assert (uses(), asked(qt)) == (False, [("Socks5Proxy", "socks", 1), ("Socks5Proxy", "second", 1)])
    assert shown([qt.QNetworkProxy.applicationProxy()]) == [("Socks5Proxy", "socks", 1)]
    qt.QNetworkProxy.setApplicationProxy(socks(qt, "mine"))
    assert (uses(), asked(qt)) == (False, [("Socks5Proxy", "mine", 1)])
    use(False)
    assert (uses(), asked(qt)) == (False, [("Socks5Proxy", "mine", 1)])
    use(True)
    assert (uses(), asked(qt)) == (True, [("HttpProxy", "p", 1), DIRECT])
    use(False)
    assert (uses(), asked(qt)) == (False, [DIRECT])
    assert shown([qt.QNetworkProxy.applicationProxy()]) == [DIRECT]


def test_no_factory_takes_away_a_factory_only(qt: Any, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "http://p:1")
    remove = qt.QNetworkProxyFactory.setApplicationProxyFactory
    remove(None)
    assert asked(qt) == [("HttpProxy", "p", 1), DIRECT]
    qt.QNetworkProxy.setApplicationProxy(socks(qt, "mine"))
    remove(None)
    assert asked(qt) == [("Socks5Proxy", "mine", 1)]
    install(qt, factory_of(qt, socks(qt)))
    remove(None)
    assert (asked(qt), qt.QNetworkProxyFactory.usesSystemConfiguration()) == ([DIRECT], False)


def test_setting_a_default_proxy_ends_the_system_configuration(qt: Any, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "http://p:1")
    qt.QNetworkProxy.setApplicationProxy(qt.QNetworkProxy.ProxyType.DefaultProxy)
    assert (asked(qt), qt.QNetworkProxyFactory.usesSystemConfiguration()) == ([DIRECT], False)


def test_a_factory_sees_the_query(qt: Any) -> None:
    factory = factory_of(qt, socks(qt))
    install(qt, factory)
    for query in (qt.QNetworkProxyQuery("h", 80, "http"), qt.QNetworkProxyQuery(80), qt.QUrl("ftp://h/x"), 80):
        qt.QNetworkProxyFactory.proxyForQuery(query)
    expected = ["http://h:80", "", "ftp://h/x", ""]
    assert [query.url().toString() for query in factory.asked] == expected
    assert factory.asked[1] == factory.asked[3] == 80


LOCAL = ["localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "LocalHost.LocalDomain.", "127.0.0.1"]
LOCAL += ["127.1.2.3", "127.1", "0x7f000001", "::1", "[::1]", "0:0::1", "::ffff:127.0.0.1", "::1%lo"]
REMOTE = ["", "foo.localhost", "localhost6", "localhosts", "0.0.0.0", "::", "169.254.1.1", "128.0.0.1", "127.0.0.1%lo"]


@pytest.mark.parametrize(("host", "local"), [*((h, True) for h in LOCAL), *((h, False) for h in REMOTE)])
def test_local_hosts_are_never_proxied(qt: Any, host: str, local: bool) -> None:
    factory = factory_of(qt, socks(qt))
    install(qt, factory)
    assert asked(qt, host) == [DIRECT if local else ("Socks5Proxy", "socks", 1)]
    qt.QNetworkProxy.setApplicationProxy(socks(qt))
    assert asked(qt, host) == [DIRECT if local else ("Socks5Proxy", "socks", 1)]


def test_a_factory_without_an_answer(qt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    install(qt, factory_of(qt))
    assert asked(qt) == [DIRECT]
    assert "QNetworkProxyFactory: " in capfd.readouterr().err


def test_what_a_factory_raises_comes_out(qt: Any) -> None:
    class Failing(qt.QNetworkProxyFactory):
        def queryProxy(self, query: Any = None) -> list[Any]:
            raise ValueError("mine")

    install(qt, Failing())
    with pytest.raises(ValueError, match="mine"):
        asked(qt)


def test_capabilities_are_not_checked_here(qt: Any) -> None:
    http = qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.HttpProxy, "http", 1)
    qt.QNetworkProxy.setApplicationProxy(http)
    assert shown(qt.QNetworkProxyFactory.proxyForQuery(80)) == [("HttpProxy", "http", 1)]


def test_the_class_is_abstract(qt: Any) -> None:
    with pytest.raises(NotImplementedError):
        qt.QNetworkProxyFactory()

    class Incomplete(qt.QNetworkProxyFactory):
        pass

    with pytest.raises(NotImplementedError):
        Incomplete().queryProxy(qt.QNetworkProxyQuery())


def test_wrong_types(qt: Any) -> None:
    for call in (
        lambda: qt.QNetworkProxyFactory.setApplicationProxyFactory(5),
        lambda: qt.QNetworkProxyFactory.proxyForQuery(None),
        lambda: qt.QNetworkProxyFactory.proxyForQuery("http://x/"),
        lambda: qt.QNetworkProxyFactory.systemProxyForQuery("http://x/"),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.qnet("PySide6 takes a wrong answer as none, and connects without a proxy")
@pytest.mark.parametrize("answer", [5, None, "socks", [5], [None]])
def test_a_wrong_answer_of_a_factory(qt: Any, answer: Any) -> None:
    class Wrong(qt.QNetworkProxyFactory):
        def queryProxy(self, query: Any = None) -> Any:
            return answer

    install(qt, Wrong())
    with pytest.raises(TypeError, match=r"Wrong.queryProxy\(\)"):
        asked(qt)


@pytest.mark.qnet("the factory of PySide6 has to be kept by the program")
def test_an_installed_factory_is_kept_and_then_let_go(qt: Any) -> None:
    factory = factory_of(qt, socks(qt))
    alive = weakref.ref(factory)
    install(qt, factory)
    del factory
    gc.collect()
    assert asked(qt) == [("Socks5Proxy", "socks", 1)]
    qt.QNetworkProxy.setApplicationProxy(socks(qt))
    assert alive() is None


@pytest.mark.qnet("Qt holds a lock while the factory answers")
def test_a_factory_may_change_the_source_while_it_answers(qt: Any) -> None:
    class Once(qt.QNetworkProxyFactory):
        def queryProxy(self, query: Any = None) -> list[Any]:
            qt.QNetworkProxy.setApplicationProxy(socks(qt, "later"))
            return [socks(qt, "now")]

    install(qt, Once())
    assert [asked(qt), asked(qt)] == [[("Socks5Proxy", "now", 1)], [("Socks5Proxy", "later", 1)]]


@pytest.mark.qnet("a stress test of the bookkeeping")
def test_threads_change_and_ask_at_once(qt: Any) -> None:
    expected = ([("Socks5Proxy", "socks", 1)], [("Socks5Proxy", "mine", 1)], [DIRECT, DIRECT], [DIRECT])
    seen: list[Any] = []
    begin = threading.Barrier(4)

    def change(set_source: Any) -> None:
        begin.wait()
        for _ in range(200):
            set_source()
            seen.append(asked(qt))

    sources = (
        lambda: install(qt, factory_of(qt, socks(qt))),
        lambda: qt.QNetworkProxy.setApplicationProxy(socks(qt, "mine")),
        lambda: qt.QNetworkProxyFactory.setUseSystemConfiguration(True),
        lambda: qt.QNetworkProxyFactory.setApplicationProxyFactory(None),
    )
    threads = [threading.Thread(target=change, args=(set_source,)) for set_source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 800
    assert all(answer in expected for answer in seen)


# The system's configuration

HTTP, HTTPS, FTP, OTHER, TCP = "http://e.com/", "https://e.com/", "ftp://e.com/", "foo://e.com/", "//e.com:80"
ALL = {"http_proxy": "http://a:1", "https_proxy": "http://b:2", "ftp_proxy": "http://c:3", "all_proxy": "http://d:4"}


def system(qt: Any, url: str = HTTP) -> Any:
    proxies = qt.QNetworkProxyFactory.systemProxyForQuery(qt.QUrl(url))
    assert len(proxies) == 1
    return proxies[0]


def system_host(qt: Any, url: str = HTTP) -> str:
    return str(system(qt, url).hostName())


@pytest.mark.parametrize(
    ("variables", "hosts"),
    [
        ("", ["", "", "", "", ""]),
        ("http_proxy", ["a", "a", "a", "a", "a"]),
        ("https_proxy", ["", "b", "", "", ""]),
        ("ftp_proxy", ["", "", "c", "", ""]),
        ("http_proxy https_proxy ftp_proxy", ["a", "b", "c", "a", "a"]),
        ("http_proxy all_proxy", ["a", "a", "a", "d", "d"]),
        ("http_proxy https_proxy ftp_proxy all_proxy", ["a", "b", "c", "d", "d"]),
    ],
)
def test_which_variable_counts(qt: Any, environment: pytest.MonkeyPatch, variables: str, hosts: list[str]) -> None:
    for name in variables.split():
        environment.setenv(name, ALL[name])
    assert [system_host(qt, url) for url in (HTTP, HTTPS, FTP, OTHER, TCP)] == hosts


def test_without_a_query_or_with_a_port(qt: Any, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "socks5://a:1")
    factory = qt.QNetworkProxyFactory
    assert shown(factory.systemProxyForQuery()) == [("Socks5Proxy", "a", 1)]
    assert shown(factory.systemProxyForQuery(80)) == [("Socks5Proxy", "a", 1)]
    assert system_host(qt, "http://localhost/") == "a"


def test_only_proxies_that_can_serve_sockets(qt: Any, environment: pytest.MonkeyPatch) -> None:
    kinds = qt.QNetworkProxyQuery.QueryType
    queries = [qt.QNetworkProxyQuery("e.com", 80, "", kinds.UdpSocket), qt.QNetworkProxyQuery(80)]
    environment.setenv("all_proxy", "http://a:1")
    environment.setenv("http_proxy", "socks5://b:2")
    for query in queries:
        assert shown(qt.QNetworkProxyFactory.systemProxyForQuery(query)) == [DIRECT]
    environment.setenv("all_proxy", "socks5://a:1")
    for query in queries:
        assert shown(qt.QNetworkProxyFactory.systemProxyForQuery(query)) == [("Socks5Proxy", "a", 1)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://p:1", ("HttpProxy", "p", 1, "", "", 25)),
        ("http://p:1/path", ("HttpProxy", "p", 1, "", "", 25)),
        ("//p:2", ("HttpProxy", "p", 2, "", "", 25)),
        ("http://u@p:1", ("HttpProxy", "p", 1, "u", "", 25)),
        ("http://u:p%40w@p:1", ("HttpProxy", "p", 1, "u", "p@w", 25)),
        ("http://[::1]:3", ("HttpProxy", "::1", 3, "", "", 25)),
        ("http://p:0", ("HttpProxy", "p", 8080, "", "", 25)),
        ("socks5://p:1", ("Socks5Proxy", "p", 1, "", "", 23)),
        ("SOCKS5://u:w@1.2.3.4:1", ("Socks5Proxy", "1.2.3.4", 1, "u", "w", 23)),
        ("", ("NoProxy", "", 0, "", "", 103)),
        ("https://p:1", ("NoProxy", "", 0, "", "", 103)),
        ("socks4://p:1", ("NoProxy", "", 0, "", "", 103)),
        ("ftp://p:1", ("NoProxy", "", 0, "", "", 103)),
    ],
)
def test_values(qt: Any, environment: pytest.MonkeyPatch, value: str, expected: tuple[Any, ...]) -> None:
    environment.setenv("http_proxy", value)
    p = system(qt)
    assert (p.type().name, p.hostName(), p.port(), p.user(), p.password(), p.capabilities().value) == expected


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("corp.test", "corp.test a.corp.test CORP.test corp.test:8080"),
        (".corp.test", "corp.test a.corp.test CORP.test corp.test:8080"),
        ("*.corp.test", "corp.test a.corp.test CORP.test corp.test:8080"),
        (" corp.test ", "corp.test a.corp.test CORP.test corp.test:8080"),
        ("x.y, corp.test", "corp.test a.corp.test CORP.test corp.test:8080 x.y"),
        ("test", "corp.test a.corp.test notcorp.test CORP.test corp.test:8080"),
        ("10.1.2.3", "10.1.2.3 10.1.2.3:81"),
        ("::1", "[::1]"),
        ("localhost", "localhost"),
        ("", ""),
        ("10.", ""),
        ("10.1", ""),
        ("10.1.*", ""),
        ("c*p.test", ""),
        ("*.*", ""),
        ("<local>", ""),
        ("corp.test;x.y", ""),
    ],
)
def test_exceptions(qt: Any, environment: pytest.MonkeyPatch, no_proxy: str, direct: str) -> None:
    environment.setenv("http_proxy", "http://p:1")
    environment.setenv("no_proxy", no_proxy)
    hosts = "corp.test a.corp.test notcorp.test CORP.test corp.test:8080 corp.testx x.y 10.1.2.3 10.1.2.3:81"
    hosts += " [fe80::1] [::1] localhost"
    found = [host for host in hosts.split() if not system_host(qt, f"http://{host}/")]
    assert found == direct.split()


def test_servers_and_datagrams_have_exceptions_too(qt: Any, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "socks5://p:1")
    environment.setenv("no_proxy", "corp.test")
    udp = qt.QNetworkProxyQuery("a.corp.test", 80, "", qt.QNetworkProxyQuery.QueryType.UdpSocket)
    assert shown(qt.QNetworkProxyFactory.systemProxyForQuery(udp)) == [DIRECT]
    assert shown(qt.QNetworkProxyFactory.systemProxyForQuery(80)) == [("Socks5Proxy", "p", 1)]

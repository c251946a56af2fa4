"""Negotiate against a real KDC: tickets, passwords, and what follows if there is neither."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _http_proxies import running
from _ports import server_port

from qnet.kernel._auth_session import Answer, AuthError, AuthSession, AuthState
from qnet.kernel.authenticator import QAuthenticator

pytest.importorskip("gssapi", reason="the Python package gssapi (qnet[kerberos]) is not installed")
import spnego  # comes with the one before

PROGRAMS = ("kdb5_util", "kadmin.local", "krb5kdc", "kinit")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
HOST = "proxy.qnet.test"
BASIC = b"Basic realm=x"

KRB5_CONF = """\
[libdefaults]
 default_realm = QNET.TEST
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 QNET.TEST = {{
  kdc = 127.0.0.1:{port}
 }}
"""
KDC_CONF = """\
[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 QNET.TEST = {{
  database_name = {path}/principal
  key_stash_file = {path}/stash
  acl_file = {path}/acl
 }}
"""


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The realm QNET.TEST with alice, a service, its keys and a ticket of hers: the directory of it all."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    path = tmp_path_factory.mktemp("realm")
    with server_port() as port:
        yield from kerberos(path, port)


def kerberos(path: Path, port: int) -> Iterator[Path]:
    """The realm in the directory *path*, its server at *port*."""
    (path / "krb5.conf").write_text(KRB5_CONF.format(port=port))
    (path / "kdc.conf").write_text(KDC_CONF.format(port=port, path=path))
    settings = {"KRB5_CONFIG": f"{path}/krb5.conf", "KRB5_KDC_PROFILE": f"{path}/kdc.conf", "PATH": PATH}

    def run(*command: str, typed: str = "") -> None:
        subprocess.run(
            command, input=typed, env={**os.environ, **settings}, text=True, check=True, capture_output=True, timeout=30
        )

    run("kdb5_util", "create", "-s", "-P", "master", "-r", "QNET.TEST")
    run("kadmin.local", "-q", "addprinc -pw sesame alice")
    run("kadmin.local", "-q", f"addprinc -randkey HTTP/{HOST}")
    run("kadmin.local", "-q", f"ktadd -k {path}/keytab HTTP/{HOST}")
    kdc = shutil.which("krb5kdc", path=PATH)
    assert kdc is not None
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.setenv("KRB5_KTNAME", f"{path}/keytab")
        with running([kdc, "-n"], port, path):
            run("kinit", "-c", f"{path}/tickets", "alice", typed="sesame\n")
            yield path


@pytest.fixture
def tickets(realm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm}/tickets")


@pytest.fixture
def no_tickets(realm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm}/none")


def session(user: str = "", password: str = "", host: str = HOST) -> AuthSession:
    authenticator = QAuthenticator()
    if user:
        authenticator.setUser(user)
        authenticator.setPassword(password)
    return AuthSession(host, authenticator)


def header(auth: AuthSession) -> Answer:
    answer = auth.header("CONNECT", "target.test:443")
    assert answer is not None
    return answer


def who(answer: Answer) -> Any:
    """Whom a server with the keytab takes the sender for."""
    assert answer.value.startswith(b"Negotiate ")
    server = spnego.server(hostname=HOST, service="HTTP", protocol="negotiate")
    server.step(base64.b64decode(answer.value[10:], validate=True))
    assert server.complete
    return server.client_principal


def test_a_ticket_needs_no_password(tickets: None) -> None:
    auth = session()
    assert auth.challenged([BASIC, b"Digest realm=r, nonce=n", b"NTLM", b"Negotiate"]) is AuthState.READY
    assert auth.scheme == "negotiate"
    assert not auth.needs_connection
    assert who(header(auth)) == "alice@QNET.TEST"
    auth.accepted()
    assert auth.header("GET", "/") is None, "the connection is hers"
    auth.reconnected()
    assert who(header(auth)) == "alice@QNET.TEST"


@pytest.mark.parametrize("user", ["alice", "alice@QNET.TEST"])
def test_a_password_gets_a_ticket(no_tickets: None, user: str) -> None:
    auth = session(user, "sesame")
    assert auth.challenged([b"Negotiate", BASIC]) is AuthState.READY
    assert who(header(auth)) == "alice@QNET.TEST"


def test_no_ticket_and_no_password_asks_if_there_is_no_other_way(no_tickets: None) -> None:
    auth = session()
    assert auth.challenged([b"Negotiate"]) is AuthState.ASKING
    assert auth.scheme == "negotiate"
    assert not auth.provided()
    auth.authenticator.setUser("alice")
    auth.authenticator.setPassword("sesame")
    assert auth.provided()
    assert who(header(auth)) == "alice@QNET.TEST"
    assert session().challenged([b"Negotiate", BASIC]) is AuthState.ASKING


def test_without_a_ticket_another_way_is_taken(no_tickets: None) -> None:
    auth = session()
    assert auth.challenged([b"Negotiate", BASIC]) is AuthState.ASKING
    assert auth.scheme == "basic"


def test_a_service_without_key_has_another_way(tickets: None) -> None:
    auth = session(host="other.test")
    assert auth.challenged([b"Negotiate", BASIC]) is AuthState.ASKING
    assert auth.scheme == "basic"


def test_the_option_spn_names_the_service(tickets: None) -> None:
    auth = session(host="other.test")
    auth.authenticator.setOption("spn", f"HTTP/{HOST}")
    assert auth.challenged([b"Negotiate", BASIC]) is AuthState.READY
    assert who(header(auth)) == "alice@QNET.TEST"


def test_a_refused_ticket_is_not_offered_again(tickets: None) -> None:
    auth = session()
    auth.challenged([b"Negotiate", BASIC])
    assert auth.challenged([b"Negotiate", BASIC], header(auth)) is AuthState.ASKING
    assert auth.scheme == "basic"
    auth = session()
    auth.challenged([b"Negotiate"])
    assert auth.challenged([b"Negotiate"], header(auth)) is AuthState.ASKING
    assert auth.scheme == "negotiate"
    assert not auth.provided()


def test_a_refused_password_goes_the_next_way(no_tickets: None) -> None:
    """What was refused was the ticket, perhaps; a proxy that knows no Kerberos may well know the password."""
    auth = session("alice", "sesame")
    auth.challenged([b"Negotiate", BASIC])
    assert auth.challenged([b"Negotiate", BASIC], header(auth)) is AuthState.READY
    assert auth.scheme == "basic"
    assert auth.challenged([b"Negotiate", BASIC], header(auth)) is AuthState.ASKING


@pytest.mark.parametrize("token", [b"QUJD", b"oRQwEqADCgEBoQsGCSqGSIL3EgECAg==", b"A===", b"oQcwBaADCgEC"])
def test_bad_tokens(tickets: None, token: bytes) -> None:
    auth = session()
    auth.challenged([b"Negotiate"])
    answer = header(auth)
    with pytest.raises(AuthError, match=r"^Negotiate "):
        auth.challenged([b"Negotiate " + token], answer)

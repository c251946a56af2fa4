"""The names of Qt Network, each loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qnet._lazy import attach

if TYPE_CHECKING:
    from qnet.bearer.chooser import setNetworkChooser as setNetworkChooser
    from qnet.bearer.engine import QBearerEngine as QBearerEngine
    from qnet.bearer.networkconfiguration import QNetworkConfiguration as QNetworkConfiguration
    from qnet.bearer.networkconfigurationmanager import QNetworkConfigurationManager as QNetworkConfigurationManager
    from qnet.bearer.networksession import QNetworkSession as QNetworkSession
    from qnet.bearer.plugin import QBearerEnginePlugin as QBearerEnginePlugin
    from qnet.bearer.sessionbinding import bindToSession as bindToSession
    from qnet.bearer.sharednetworksession import QSharedNetworkSession as QSharedNetworkSession
    from qnet.kernel.authenticator import QAuthenticator as QAuthenticator
    from qnet.kernel.dnsrecords import (
        QDnsDomainNameRecord as QDnsDomainNameRecord,
        QDnsHostAddressRecord as QDnsHostAddressRecord,
        QDnsMailExchangeRecord as QDnsMailExchangeRecord,
        QDnsServiceRecord as QDnsServiceRecord,
        QDnsTextRecord as QDnsTextRecord,
        QDnsTlsAssociationRecord as QDnsTlsAssociationRecord,
    )
    from qnet.kernel.hostaddress import QHostAddress as QHostAddress, QIPv6Address as QIPv6Address
    from qnet.kernel.hostinfo import QHostInfo as QHostInfo
    from qnet.kernel.httpheaders import QHttpHeaders as QHttpHeaders
    from qnet.kernel.networkdatagram import QNetworkDatagram as QNetworkDatagram
    from qnet.kernel.networkinformation import QNetworkInformation as QNetworkInformation
    from qnet.kernel.networkinterface import (
        QNetworkAddressEntry as QNetworkAddressEntry,
        QNetworkInterface as QNetworkInterface,
    )
    from qnet.kernel.networkproxy import QNetworkProxy as QNetworkProxy
    from qnet.kernel.networkproxyfactory import QNetworkProxyFactory as QNetworkProxyFactory
    from qnet.kernel.networkproxyquery import QNetworkProxyQuery as QNetworkProxyQuery
    from qnet.socket.abstractsocket import QAbstractSocket as QAbstractSocket
    from qnet.socket.dnslookup import QDnsLookup as QDnsLookup
    from qnet.socket.engines.abstract import QAbstractSocketEngine as QAbstractSocketEngine
    from qnet.socket.engines.http import QHttpSocketEngine as QHttpSocketEngine
    from qnet.socket.engines.native import QNativeSocketEngine as QNativeSocketEngine
    from qnet.socket.engines.socks5 import QSocks5SocketEngine as QSocks5SocketEngine
    from qnet.socket.localserver import QLocalServer as QLocalServer
    from qnet.socket.localsocket import QLocalSocket as QLocalSocket
    from qnet.socket.tcpserver import QTcpServer as QTcpServer
    from qnet.socket.tcpsocket import QTcpSocket as QTcpSocket
    from qnet.socket.udpsocket import QUdpSocket as QUdpSocket

_EXPORTS = {
    "qnet.bearer.chooser": "setNetworkChooser",
    "qnet.bearer.engine": "QBearerEngine",
    "qnet.bearer.networkconfiguration": "QNetworkConfiguration",
    "qnet.bearer.networkconfigurationmanager": "QNetworkConfigurationManager",
    "qnet.bearer.networksession": "QNetworkSession",
    "qnet.bearer.plugin": "QBearerEnginePlugin",
    "qnet.bearer.sessionbinding": "bindToSession",
    "qnet.bearer.sharednetworksession": "QSharedNetworkSession",
    "qnet.kernel.authenticator": "QAuthenticator",
    "qnet.kernel.dnsrecords": (
        "QDnsDomainNameRecord QDnsHostAddressRecord QDnsMailExchangeRecord QDnsServiceRecord QDnsTextRecord "
        "QDnsTlsAssociationRecord"
    ),
    "qnet.kernel.hostaddress": "QHostAddress QIPv6Address",
    "qnet.kernel.hostinfo": "QHostInfo",
    "qnet.kernel.httpheaders": "QHttpHeaders",
    "qnet.kernel.networkdatagram": "QNetworkDatagram",
    "qnet.kernel.networkinformation": "QNetworkInformation",
    "qnet.kernel.networkinterface": "QNetworkInterface QNetworkAddressEntry",
    "qnet.kernel.networkproxy": "QNetworkProxy",
    "qnet.kernel.networkproxyfactory": "QNetworkProxyFactory",
    "qnet.kernel.networkproxyquery": "QNetworkProxyQuery",
    "qnet.socket.abstractsocket": "QAbstractSocket",
    "qnet.socket.dnslookup": "QDnsLookup",
    "qnet.socket.engines.abstract": "QAbstractSocketEngine",
    "qnet.socket.engines.http": "QHttpSocketEngine",
    "qnet.socket.engines.native": "QNativeSocketEngine",
    "qnet.socket.engines.socks5": "QSocks5SocketEngine",
    "qnet.socket.localserver": "QLocalServer",
    "qnet.socket.localsocket": "QLocalSocket",
    "qnet.socket.tcpserver": "QTcpServer",
    "qnet.socket.tcpsocket": "QTcpSocket",
    "qnet.socket.udpsocket": "QUdpSocket",
}

# What a class of the kernel cannot do without sockets, and gets from the layer that has them.
_COMPANIONS = {"QNetworkInformation": "qnet.socket._portal_probe"}

EXPORTED = frozenset(" ".join(_EXPORTS.values()).split())
if not TYPE_CHECKING:  # so that type checkers report names that do not exist
    __all__ = sorted(EXPORTED)
    __getattr__, __dir__ = attach(__name__, _EXPORTS, _COMPANIONS)

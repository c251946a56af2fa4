"""The headers in the registry of HTTP field names: QHttpHeaders' enum, and the names on the wire.

https://www.iana.org/assignments/http-fields.
"""

from __future__ import annotations

import re

from qnet.core._enums import QtEnum

__all__ = ["HEADER_NAMES", "WellKnownHeader"]


class WellKnownHeader(QtEnum):
    """A header that is registered with IANA, or widely used."""

    AIM = 0
    Accept = 1
    AcceptAdditions = 2
    AcceptCH = 3
    AcceptDatetime = 4
    AcceptEncoding = 5
    AcceptFeatures = 6
    AcceptLanguage = 7
    AcceptPatch = 8
    AcceptPost = 9
    AcceptRanges = 10
    AcceptSignature = 11
    AccessControlAllowCredentials = 12
    AccessControlAllowHeaders = 13
    AccessControlAllowMethods = 14
    AccessControlAllowOrigin = 15
    AccessControlExposeHeaders = 16
    AccessControlMaxAge = 17
    AccessControlRequestHeaders = 18
    AccessControlRequestMethod = 19
    Age = 20
    Allow = 21
    ALPN = 22
    AltSvc = 23
    AltUsed = 24
    Alternates = 25
    ApplyToRedirectRef = 26
    AuthenticationControl = 27
    AuthenticationInfo = 28
    Authorization = 29
    CacheControl = 30
    CacheStatus = 31
    CalManagedID = 32
    CalDAVTimezones = 33
    CapsuleProtocol = 34
    CDNCacheControl = 35
    CDNLoop = 36
    CertNotAfter = 37
    CertNotBefore = 38
    ClearSiteData = 39
    ClientCert = 40
    ClientCertChain = 41
    Close = 42
    Connection = 43
    ContentDigest = 44
    ContentDisposition = 45
    ContentEncoding = 46
    ContentID = 47
    ContentLanguage = 48
    ContentLength = 49
    ContentLocation = 50
    ContentRange = 51
    ContentSecurityPolicy = 52
    ContentSecurityPolicyReportOnly = 53
    ContentType = 54
    Cookie = 55
    CrossOriginEmbedderPolicy = 56
    CrossOriginEmbedderPolicyReportOnly = 57
    CrossOriginOpenerPolicy = 58
    CrossOriginOpenerPolicyReportOnly = 59
    CrossOriginResourcePolicy = 60
    DASL = 61
    Date = 62
    DAV = 63
    DeltaBase = 64
    Depth = 65
    Destination = 66
    DifferentialID = 67
    DPoP = 68
    DPoPNonce = 69
    EarlyData = 70
    ETag = 71
    Expect = 72
    ExpectCT = 73
    Expires = 74
    Forwarded = 75
    From = 76
    Hobareg = 77
    Host = 78
    If = 79
    IfMatch = 80
    IfModifiedSince = 81
    IfNoneMatch = 82
    IfRange = 83
    IfScheduleTagMatch = 84
    IfUnmodifiedSince = 85
    IM = 86
    IncludeReferredTokenBindingID = 87
    KeepAlive = 88
    Label = 89
    LastEventID = 90
    LastModified = 91
    Link = 92
    Location = 93
    LockToken = 94
    MaxForwards = 95
    MementoDatetime = 96
    Meter = 97
    MIMEVersion = 98
    Negotiate = 99
    NEL = 100
    ODataEntityId = 101
    ODataIsolation = 102
    ODataMaxVersion = 103
    ODataVersion = 104
    OptionalWWWAuthenticate = 105
    OrderingType = 106
    Origin = 107
    OriginAgentCluster = 108
    OSCORE = 109
    OSLCCoreVersion = 110
    Overwrite = 111
    PingFrom = 112
    PingTo = 113
    Position = 114
    Prefer = 115
    PreferenceApplied = 116
    Priority = 117
    ProxyAuthenticate = 118
    ProxyAuthenticationInfo = 119
    ProxyAuthorization = 120
    ProxyStatus = 121
    PublicKeyPins = 122
    PublicKeyPinsReportOnly = 123
    Range = 124
    RedirectRef = 125
    Referer = 126
    Refresh = 127
    ReplayNonce = 128
    ReprDigest = 129
    RetryAfter = 130
    ScheduleReply = 131
    ScheduleTag = 132
    SecPurpose = 133
    SecTokenBinding = 134
    SecWebSocketAccept = 135
    SecWebSocketExtensions = 136
    SecWebSocketKey = 137
    SecWebSocketProtocol = 138
    SecWebSocketVersion = 139
    Server = 140
    ServerTiming = 141
    SetCookie = 142
    Signature = 143
    SignatureInput = 144
    SLUG = 145
    SoapAction = 146
    StatusURI = 147
    StrictTransportSecurity = 148
    Sunset = 149
    SurrogateCapability = 150
    SurrogateControl = 151
    TCN = 152
    TE = 153
    Timeout = 154
    Topic = 155
    Traceparent = 156
    Tracestate = 157
    Trailer = 158
    TransferEncoding = 159
    TTL = 160
    Upgrade = 161
    Urgency = 162
    UserAgent = 163
    VariantVary = 164
    Vary = 165
    Via = 166
    WantContentDigest = 167
    WantReprDigest = 168
    WWWAuthenticate = 169
    XContentTypeOptions = 170
    XFrameOptions = 171
    AcceptCharset = 172
    CPEPInfo = 173
    Pragma = 174
    ProtocolInfo = 175
    ProtocolQuery = 176


# Where the name is not that of the member with a hyphen between its words.
_IRREGULAR = {
    WellKnownHeader.AIM: "a-im",
    WellKnownHeader.CalDAVTimezones: "caldav-timezones",
    WellKnownHeader.DPoP: "dpop",
    WellKnownHeader.DPoPNonce: "dpop-nonce",
    WellKnownHeader.ETag: "etag",
    WellKnownHeader.ODataEntityId: "odata-entityid",
    WellKnownHeader.ODataIsolation: "odata-isolation",
    WellKnownHeader.ODataMaxVersion: "odata-maxversion",
    WellKnownHeader.ODataVersion: "odata-version",
    WellKnownHeader.SecWebSocketAccept: "sec-websocket-accept",
    WellKnownHeader.SecWebSocketExtensions: "sec-websocket-extensions",
    WellKnownHeader.SecWebSocketKey: "sec-websocket-key",
    WellKnownHeader.SecWebSocketProtocol: "sec-websocket-protocol",
    WellKnownHeader.SecWebSocketVersion: "sec-websocket-version",
    WellKnownHeader.SoapAction: "soapaction",
    WellKnownHeader.CPEPInfo: "c-pep-info",
}
_BETWEEN_WORDS = re.compile("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _name(header: WellKnownHeader) -> bytes:
    return (_IRREGULAR.get(header) or _BETWEEN_WORDS.sub("-", header.name).lower()).encode("ascii")


HEADER_NAMES = {header: _name(header) for header in WellKnownHeader}
"""The name of each header, in lower case."""

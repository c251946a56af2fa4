"""What the value classes of the kernel have in common."""

from __future__ import annotations

from typing import Any

import pytest

CLASSES = [
    *("QHostAddress", "QHostInfo", "QHttpHeaders", "QNetworkAddressEntry", "QNetworkDatagram", "QNetworkInterface"),
    *("QNetworkProxy", "QNetworkProxyQuery"),
]


@pytest.mark.parametrize("name", CLASSES)
def test_swapped_with_its_like_only(qt: Any, name: str) -> None:
    cls = getattr(qt, name)
    one, other = cls(), cls()
    assert one.swap(other) is None
    for wrong in (None, "text", object()):
        with pytest.raises(TypeError):
            one.swap(wrong)
    assert repr(one) == repr(cls()) or not qt.is_qnet

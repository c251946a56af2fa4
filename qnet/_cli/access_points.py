"""The access points that bearer management knows, for the subcommands that show them."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnet.bearer._data import Facts

__all__ = ["access_points", "bare", "describe"]


def access_points() -> list[dict[str, str]]:
    """Those that there are now, in the order in which they were found."""
    from qnet.bearer._data import ConfigurationType
    from qnet.bearer._store import ConfigurationWatch
    from qnet.core.application import QCoreApplication

    application = QCoreApplication(["qnet"])
    watch = ConfigurationWatch()
    watch.updated.connect(application.quit)  # every engine has looked, or has had its time
    application.exec()
    found = [record.facts for record in watch.store().all()]
    return [describe(facts) for facts in found if facts.type is ConfigurationType.InternetAccessPoint]


def describe(facts: Facts) -> dict[str, str]:
    """An access point as an object for JSON."""
    return {
        "identifier": facts.identifier,
        "name": facts.name,
        "interface": facts.interface_name,
        "state": bare(facts.state),
        "bearer": facts.bearer_type.name.removeprefix("Bearer").lower(),
    }


def bare(member: Enum) -> str:
    """The name of an enum's member as programs write it: "service-network"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", member.name).lower()

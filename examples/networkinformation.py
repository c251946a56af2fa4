"""Says whether there is a network, how far it reaches and what it is made of::

    python networkinformation.py
    python networkinformation.py --watch

With ``--watch`` it goes on to print what changes, until Ctrl-C: pull the cable, switch the radio off, dial up.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from qnet.QtCore import QCoreApplication
from qnet.QtNetwork import QNetworkInformation

Feature = QNetworkInformation.Feature


def yesNo(value: bool) -> str:
    return "yes" if value else "no"


def tell(what: str, value: str) -> None:
    """Print a change with its time."""
    print(f"{datetime.now():%H:%M:%S} {what}: {value}", flush=True)


def watch(information: QNetworkInformation) -> None:
    information.reachabilityChanged.connect(lambda value: tell("Reachability", value.name))
    information.transportMediumChanged.connect(lambda value: tell("Transport medium", value.name))
    information.isMeteredChanged.connect(lambda value: tell("Metered", yesNo(value)))
    information.isBehindCaptivePortalChanged.connect(lambda value: tell("Captive portal", yesNo(value)))


def describe(information: QNetworkInformation) -> str:
    values = {
        "Reachability": (Feature.Reachability, information.reachability().name),
        "Transport medium": (Feature.TransportMedium, information.transportMedium().name),
        "Metered": (Feature.Metered, yesNo(information.isMetered())),
        "Captive portal": (Feature.CaptivePortal, yesNo(information.isBehindCaptivePortal())),
    }
    known = {what: value if information.supports(f) else "not told" for what, (f, value) in values.items()}
    return "\n".join(f"{what}: {value}" for what, value in {"Back end": information.backendName(), **known}.items())


def main() -> int:
    available = QNetworkInformation.availableBackends()
    parser = argparse.ArgumentParser(description="Say how far the network reaches, and what it is made of.")
    parser.add_argument("--backend", choices=available, help="who is asked (default: the best that works)")
    parser.add_argument("--watch", action="store_true", help="print what changes, until Ctrl-C")
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    if options.backend is None:
        loaded = QNetworkInformation.loadDefaultBackend()
    else:
        loaded = QNetworkInformation.loadBackendByName(options.backend)
    information = QNetworkInformation.instance()
    if not loaded or information is None:
        parser.exit(1, "Nothing can be learnt about the network of this system.\n")
    print(describe(information), flush=True)
    if not options.watch:
        return 0
    watch(information)
    try:
        return application.exec()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())

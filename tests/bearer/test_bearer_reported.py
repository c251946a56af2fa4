"""What was reported about bearer management, and must not come back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from _netns import Namespace

PROGRAM = """
from qnet import QCoreApplication, QNetworkConfigurationManager
application = QCoreApplication([])
manager = QNetworkConfigurationManager()
manager.updateCompleted.connect(application.quit)
manager.updateConfigurations()
application.exec()
print(sorted(each.name() for each in manager.allConfigurations()))
"""

pytestmark = pytest.mark.qnet("the engines are qnet's own")


def seen(network: Namespace, directory: Path, engines: str) -> tuple[str, list[str]]:
    """What a program sees of *network*, and the lines of its standard error, with QNET_BEARER_ENGINES as *engines*."""
    variables = {
        "PYTHONPATH": network.python_path(),
        "QNET_BEARER_ENGINES": engines,
        "QNET_BEARER_DIR": str(directory),
        "QNET_NETWORKS": str(directory / "networks.toml"),
    }
    ended = subprocess.run(
        [*network.prefix, sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip(), ended.stderr.splitlines()


def test_an_empty_list_of_engines_means_all(tmp_path: Path) -> None:
    """As an empty variable does elsewhere. It meant none at all: a computer without networks."""
    with Namespace() as network:
        network.ip("link add va type veth peer name vb")
        assert seen(network, tmp_path, "") == ("['va', 'vb']", [])
        assert seen(network, tmp_path, " , ") == ("['va', 'vb']", [])


def test_an_engine_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    with Namespace() as network:
        network.ip("link add va type veth peer name vb")
        found, errors = seen(network, tmp_path, "netlnk,networks")
        assert found == "[]"
        (error,) = errors
        assert error.startswith("QNET_BEARER_ENGINES: there is no bearer engine 'netlnk', only generic, netlink, ")

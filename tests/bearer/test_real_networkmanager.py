"""The NetworkManager engine on NetworkManager itself, which has a network namespace and a bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from _implementations import Implementation
from _netns import Namespace

pytest.importorskip("jeepney", reason="needs jeepney (extra networkmanager)")

from _mock_networkmanager import Bus

from qnet.bearer import _engine_networkmanager
from qnet.bearer._data import BearerType, Facts, StateFlag
from qnet.bearer._engine_networkmanager import NetworkManagerEngine

pytestmark = pytest.mark.qnet("an engine of this project's own")

PROGRAM = shutil.which("NetworkManager", path=os.environ["PATH"] + ":/usr/sbin")

IDENTIFIER = "nm:11111111-2222-3333-4444-555555555555"
PROFILE = """\
[connection]
id=Wire
uuid=11111111-2222-3333-4444-555555555555
type=ethernet
interface-name=va
autoconnect=false
[ipv4]
method=manual
address1=10.1.0.1/24
[ipv6]
method=disabled
"""
CONFIGURATION = """\
[main]
plugins=keyfile
dhcp=internal
dns=none
rc-manager=unmanaged
systemd-resolved=false
no-auto-default=*
auth-polkit=false
[keyfile]
path={folder}/profiles
"""
CABLE = """
link set lo up
link add va type veth peer name vb
link set vb up
link set va up
"""
# With /sys read-only it does not wait for udev, which does not look into namespaces. What it keeps belongs to the test.
COMMAND = """
mount -o remount,ro /sys && mount -t tmpfs none /run && mount -t tmpfs none /var/lib && \
exec {program} --no-daemon --config={folder}/main.conf \
--config-dir={folder}/none --system-config-dir={folder}/none --intern-config={folder}/intern \
--state-file={folder}/state --pid-file={folder}/pid
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[tuple[Namespace, Bus]]:
    if PROGRAM is None:
        pytest.skip("needs NetworkManager (Debian: network-manager)")
    (tmp_path / "main.conf").write_text(CONFIGURATION.format(folder=tmp_path))
    (tmp_path / "profiles").mkdir()
    profile = tmp_path / "profiles" / "wire.nmconnection"
    profile.write_text(PROFILE)
    profile.chmod(0o600)
    with Namespace() as namespace, Bus(tmp_path) as bus:
        namespace.ip(CABLE)
        script = COMMAND.format(program=PROGRAM, folder=tmp_path)
        daemon = subprocess.Popen(
            [*namespace.prefix, "unshare", "--mount", "sh", "-c", script],
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus.address},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield namespace, bus
            daemon.terminate()
            daemon.wait(30)
        finally:
            daemon.kill()
            daemon.wait()


def test_a_profile_is_found_started_and_stopped(
    app: object, qt: Implementation, network: tuple[Namespace, Bus], monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace, bus = network
    monkeypatch.setattr(_engine_networkmanager, "_is_elsewhere", lambda process: False)  # it is, for this test
    engine = NetworkManagerEngine(bus.path)
    known: dict[str, Facts] = {}
    errors: list[str] = []
    engine.configurationAdded.connect(lambda facts: known.update({facts.identifier: facts}))
    engine.configurationChanged.connect(lambda facts: known.update({facts.identifier: facts}))
    engine.configurationRemoved.connect(known.pop)
    engine.connectionError.connect(lambda identifier, code, text: errors.append(text))
    engine.initialize()

    def is_in(state: StateFlag) -> bool:
        return IDENTIFIER in known and known[IDENTIFIER].state is state

    assert qt.wait(lambda: is_in(StateFlag.Discovered))
    assert known == {
        IDENTIFIER: Facts(
            IDENTIFIER,
            "Wire",
            state=StateFlag.Discovered,
            bearer_type=BearerType.BearerEthernet,
            interface_name="va",  # elsewhere, and so it has no index here
        )
    }
    engine.startInterface(IDENTIFIER)
    assert qt.wait(lambda: is_in(StateFlag.Active)), errors

    def has_address() -> bool:
        return "10.1.0.1/24" in namespace.run("ip", "-brief", "address", "show", "va")

    assert qt.wait(has_address)
    engine.stopInterface(IDENTIFIER)
    assert qt.wait(lambda: is_in(StateFlag.Discovered)), errors
    assert qt.wait(lambda: not has_address())
    namespace.ip("link del vb")
    assert qt.wait(lambda: is_in(StateFlag.Defined))
    engine.startInterface(IDENTIFIER)
    assert qt.wait(lambda: errors)
    assert errors[0].startswith("NetworkManager: Wire cannot be started: ")
    engine.shutdown()

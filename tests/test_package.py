"""What is shipped, what an import costs, and that all ways to a name lead to one object."""

from __future__ import annotations

import ast
import configparser
import contextlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
NAMESPACES = ["QtCore", "QtNetwork", "QtTest"]
UNWANTED = ["ssl", "psutil", "idna", "http", "dns", "asyncio"]


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, timeout=100, check=True
    )


def table(namespace: str) -> dict[str, str]:
    """The names of a namespace with the modules that define them."""
    exports = importlib.import_module(f"qnet.{namespace}")._EXPORTS
    return {name: module for module, names in exports.items() for name in names.split()}


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_type_checkers_see_the_table(namespace: str) -> None:
    tree = ast.parse((REPOSITORY / "qnet" / f"{namespace}.py").read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    seen: dict[str, Any] = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        for alias in statement.names:
            assert alias.asname == alias.name, "only 'X as X' is exported"
            assert alias.name not in seen
            seen[alias.name] = statement.module
    assert seen == table(namespace)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_is_one_object_whichever_way_it_is_imported(namespace: str) -> None:
    package = importlib.import_module("qnet")
    module = importlib.import_module(f"qnet.{namespace}")
    starred: dict[str, Any] = {}
    exec(f"from qnet.{namespace} import *", starred)
    del starred["__builtins__"]
    assert set(starred) == set(table(namespace))
    for name, home in table(namespace).items():
        thing = getattr(importlib.import_module(home), name)
        assert getattr(module, name) is thing
        assert getattr(package, name) is thing
        assert starred[name] is thing
        assert name in dir(module)
        assert name in dir(package)


def test_no_two_namespaces_have_a_name_in_common() -> None:
    names = [name for namespace in NAMESPACES for name in table(namespace)]
    assert sorted(names) == sorted(set(names))


def test_everything_can_be_imported_at_once() -> None:
    starred: dict[str, Any] = {}
    exec("from qnet import *", starred)
    assert {name for namespace in NAMESPACES for name in table(namespace)} <= set(starred)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    for module in ["qnet", "qnet.QtCore", "qnet.QtNetwork", "qnet.QtTest"]:
        with pytest.raises(AttributeError, match=rf"'{module}' has no attribute 'QNothing'"):
            _ = importlib.import_module(module).QNothing


def test_importing_the_package_loads_next_to_nothing() -> None:
    # -S and -I: neither what site.py of this environment imports nor what a variable asks for
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import qnet; print(*sys.modules)"
    loaded = set(run(code, "-S", "-I").stdout.split())
    assert {name for name in loaded if name.split(".")[0] == "qnet"} == {"qnet", "qnet._version"}
    assert not loaded & set(UNWANTED)


def test_all_names_load_without_what_only_some_calls_need() -> None:
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from qnet import *; print(*sys.modules)"
    loaded = set(run(code, "-S", "-I").stdout.split())
    assert "qnet.socket.tcpsocket" in loaded
    assert not loaded & set(UNWANTED)


def test_importing_the_package_takes_less_than_30_ms() -> None:
    """Of its own time: how long it waits for a busy machine is not the package's doing."""
    code = "import time; t = time.process_time(); import qnet; print(time.process_time() - t)"
    assert any(float(run(code).stdout) < 0.030 for _ in range(20))  # a cold cache, or a slow clock, is not always there


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files as git knows them."""
    pytest.importorskip("setuptools", minversion="70.1", reason="needs a setuptools that makes wheels itself")
    source = tmp_path_factory.mktemp("source")
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True)
    if names.returncode:
        pytest.skip("needs a git clone, to tell the project's files from others")
    for name in names.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another test's, which is gone again
                (source / name).write_bytes((REPOSITORY / name).read_bytes())
    return source


def built(source: Path, target: Path, **environment: str) -> Path:
    """A wheel of *source*, made in the folder *target* without the network."""
    shutil.rmtree(source / "build", ignore_errors=True)
    code = f"from setuptools import build_meta as b; print(b.build_wheel({str(target)!r}))"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=100,
        env={**os.environ, **environment},
    )
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that this machine makes, with the C module if it has a compiler."""
    return built(sources, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_package_its_types_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(archive.read(n).decode() for n in names if n.endswith(".dist-info/METADATA"))
    assert "qnet/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"qnet"}
    modules = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "qnet").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert {name for name in names if name.endswith(".pyi")} == {"qnet/socket/engines/_wire.pyi"}
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra" not in line]
    assert sorted(re.split(r"[ :><=]+", line)[1] for line in required) == [
        "dnspython",
        "httptools",
        "idna",
        "psutil",
        "pyspnego",
        "tomli",
    ]


def unpacked(wheel: Path, folder: Path) -> list[str]:
    """What the package in *wheel* says about itself where it is unpacked: its file, and whether it is compiled."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    code = (
        "import qnet; from qnet.QtNetwork import QTcpSocket; QTcpSocket().close();"
        "from qnet.socket.engines._system_calls import COMPILED; print(qnet.__file__, COMPILED)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "QNET_PURE_PYTHON"}
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment,
    )
    return outcome.stdout.split()


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_wheel_works_where_it_is_unpacked(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    wheel = built(sources, tmp_path / "made", QNET_PURE_PYTHON="")
    assert unpacked(wheel, tmp_path / "here") == [str(tmp_path / "here/qnet/__init__.py"), "True"]


@pytest.mark.parametrize("environment", [{"CC": "false", "QNET_PURE_PYTHON": ""}, {"QNET_PURE_PYTHON": "1"}])
def test_it_installs_without_a_compiler(sources: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "made").mkdir()
    wheel = built(sources, tmp_path / "made", **environment)
    assert wheel.name.endswith("-py3-none-any.whl") == ("CC" not in environment)
    assert unpacked(wheel, tmp_path / "here") == [str(tmp_path / "here/qnet/__init__.py"), "False"]


def test_the_supported_versions_are_those_that_the_classifiers_name() -> None:
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    versions = re.findall(r"Python :: 3\.(\d+)", setup["metadata"]["classifiers"])
    assert setup["options"]["python_requires"] == f">=3.{min(versions, key=int)}"
    assert setup["mypy"]["python_version"] == f"3.{min(versions, key=int)}"

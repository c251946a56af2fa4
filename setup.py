"""All metadata lives in setup.cfg; here is what needs code: the C module is built where that is possible.

It makes reading and sending faster and nothing else (docs/architecture.md); the package installs without a compiler.
"""

import os
import sys

from setuptools import Extension, setup

compiled = sys.implementation.name == "cpython" and os.name == "posix" and not os.environ.get("QNET_PURE_PYTHON")

setup(
    ext_modules=[Extension("qnet.socket.engines._wire", ["qnet/socket/engines/_wire.c"], optional=True)]
    if compiled
    else []
)

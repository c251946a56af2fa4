"""``python -m qnet``: see ``python -m qnet --help``."""

from __future__ import annotations

import sys

from qnet._cli.main import main

if __name__ == "__main__":
    sys.exit(main())

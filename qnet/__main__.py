"""``python -m qnet``: see ``python -m qnet --help``."""

from __future__ import annotations

import signal
import sys


def run() -> int:
    """Run the command line of this process, and return its exit code. After that Ctrl-C has no effect any more.

    It ends at once anyway; a second Ctrl-C would only have Python print where it was then.
    """
    try:
        from qnet._cli.main import main

        return main()
    except KeyboardInterrupt:  # while modules were loaded
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(run())

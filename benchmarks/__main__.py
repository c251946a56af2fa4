"""Makes ``python -m benchmarks`` the one command."""

import sys

from benchmarks.cli import main

sys.exit(main())

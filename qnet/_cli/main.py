"""The entry point of the command line: which subcommand, and how it ends.

====  ==========================================================================
exit
====  ==========================================================================
0     done; also when ``monitor`` is ended by Ctrl-C or after its time
1     it could not be done; the reason is on standard error
2     the command line is wrong
130   Ctrl-C before it was done
141   whoever read the output has gone away, as with ``python -m qnet ... | head``
====  ==========================================================================
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from qnet._cli.errors import CommandError
from qnet._version import __version__

__all__ = ["DONE", "FAILED", "INTERRUPTED", "PIPE_CLOSED", "main"]

DONE = 0
FAILED = 1
INTERRUPTED = 130
PIPE_CLOSED = 141

PROGRAM = "python -m qnet"

_COMMANDS = {
    "interfaces": "show the network interfaces of this machine",
    "networks": "show and change your service networks, and the default",
    "monitor": "show changes of interfaces and networks as they happen",
}

_EPILOG = """\
exit codes:
  0    done; also when "monitor" is ended by Ctrl-C or after its time
  1    it could not be done; the reason is on standard error
  2    the command line is wrong
  130  Ctrl-C before it was done
  141  whoever read the output has gone away
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line *arguments* (those of the process by default) and return the exit code."""
    if sys.stdout is None:
        return _fail("standard output is closed")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except CommandError as error:
        return _fail(str(error))
    except OSError as error:  # a full disk behind standard output
        _drop_output()
        return _fail(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        chosen = _parser().parse_args(arguments)
    except SystemExit as end:  # --help, --version, or a wrong command line: the texts are printed
        return int(end.code or DONE)
    return int(chosen.run(chosen) or DONE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="What qnet knows of this machine's networks.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"qnet {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name, text in _COMMANDS.items():
        module = import_module(f"qnet._cli.{name}")
        module.add_arguments(
            commands.add_parser(
                name,
                help=text,
                description=module.DESCRIPTION,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser


def _fail(text: str) -> int:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
    return FAILED


def _drop_output() -> None:
    """Nobody reads it: what is still in the buffer must not raise again while Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

"""The command line, ``python -m qnet``: a module a subcommand, each loaded when it is used."""

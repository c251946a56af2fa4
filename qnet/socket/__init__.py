"""TCP, UDP and local sockets, their servers, and the engines under them."""

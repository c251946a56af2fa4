"""Bearer management: what networks this machine can use, and sessions that hold them up (Qt 5.15's QtNetwork)."""

"""Addresses, interfaces, host names, proxies and datagrams (the "kernel" of Qt Network)."""

"""The peers' programs: small, complete, one process each, and in need of nothing but their own package.

``tcp_echo_*`` and ``udp_echo_*`` are servers, the others run the cases they are told through ``control``.
"""

"""The engines that sockets drive: one per way to reach the wire."""

"""Ports for servers of a test's own."""

from __future__ import annotations

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens at."""
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

"""Asks for a port before minutes of work depend on it."""

from __future__ import annotations

import socket

from hub.errors import Code
from kernel.errors import TongbanError


def check_free(host: str, port: int) -> None:
    """Raise TongbanError ``web-port-taken`` with the system's reason unless it can be bound.

    Whoever else answers there might look like this hub for a while: an earlier demo does.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)  # a socket that is bound but not yet listening lets others bind too
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TongbanError(Code.WEB_PORT_TAKEN, host=host, port=port, reason=reason) from error

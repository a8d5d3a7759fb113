"""One web process on the listening socket that `up` opened and hands down.

The socket outlives a killed web process, so a visitor waits instead of being refused.
`python -m patentops.runner.web FD`
"""

from __future__ import annotations

import socket
import sys

import uvicorn


def main(descriptor: int) -> None:
    """Serve until SIGTERM; open event streams get two seconds."""
    listener = socket.socket(fileno=descriptor)
    config = uvicorn.Config(
        "patentops.asgi:application",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]))

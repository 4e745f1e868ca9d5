"""What listens in Ray's place, or in that of something else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# A SETTINGS frame of HTTP/2 (RFC 9113, section 6.5) with one setting, as a gRPC server begins.
SETTINGS = b"\0\0\x06\x04\0\0\0\0\0" + b"\0\x05\0\0\x40\0"


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """Listen, answer all who connect with these bytes, and yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):  # it is over
                while True:
                    connections.append(server.accept()[0])
                    connections[-1].sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in connections:
                connection.close()

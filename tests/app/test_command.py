"""How the app starts, and why it does not."""

import socket

import pytest

from heatproof.app import command
from heatproof.run.errors import UserError
from tests.app.conftest import Asking


def test_a_port_that_is_in_use_is_told_by_whom(asking: Asking) -> None:
    with pytest.raises(UserError, match="in use by another `heatproof app`, whose link its term"):
        command._listening(asking.port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is in use by another program; --port 0"):
            command._listening(port)

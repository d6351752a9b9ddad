"""What tests of addresses share: the board, served to this machine."""

import threading

import pytest
from werkzeug.serving import make_server

from app import cache
from tests.conftest import LOG, cloned


@pytest.fixture
def served(app):
    """The address of the board, served over a copy of the log."""
    with cloned(LOG):
        cache.breaker.reset()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
        thread.join(10)
        server.server_close()

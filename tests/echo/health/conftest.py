"""Certificates, as the server's tests have them."""

from tests.echo.server.conftest import tls

__all__ = ["tls"]

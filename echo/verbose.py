"""What is said on stderr, as Go's log package says it: a local time to the second, then the words."""

import sys
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from echo.clientip.faults import printable
from echo.record import header_text
from echo.request import Request


def say(words: str) -> None:
    """Write a line."""
    now = datetime.now(tz=UTC).astimezone()
    sys.stderr.write(f"{now:%Y/%m/%d %H:%M:%S} {words}\n")
    sys.stderr.flush()


def say_request(request: Request) -> None:
    """Write whoami's verbose line of a request."""
    now = datetime.now(tz=UTC).astimezone()
    remote = request.connection.remote_addr.decode()
    path = printable(header_text(unquote_to_bytes(request.path)))
    method = header_text(request.method)
    protocol = "HTTP/{}.{}".format(*request.version)
    say(f'{remote} - - [{now:%d/%b/%Y:%H:%M:%S %z}] "{method} {path} {protocol}" - -')

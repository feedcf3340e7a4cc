"""
Where we knowingly do otherwise than whoami v1.11.0, and why: docs/reference/whoami.md shows the table, and the test
that replays recorded exchanges reads it. What is in no row is whoami's, byte for byte.
"""

from typing import NamedTuple


class Deviation(NamedTuple):
    """
    One difference.

    topic   what it is about
    whoami  what whoami does
    ours    what we do
    why     the reason
    rows    names of recorded exchanges (tests/data/whoami) that go otherwise because of it
    """

    topic: str
    whoami: str
    ours: str
    why: str
    rows: tuple[str, ...] = ()


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "Redirects to a clean path",
        "Escapes the escapes of the path: `/a%20b//c` leads to `/a%2520b/c`.",
        "Keeps them: `/a%20b/c`.",
        "The link leads elsewhere.",
        ("clean_00", "clean_12"),
    ),
    Deviation(
        "`?env=true`",
        "Prints the environment to everybody.",
        "Prints nothing, unless started with `--allow-env`.",
        "The environment of a container holds secrets.",
        ("env_api",),
    ),
    Deviation(
        "`POST /health` with 0, null, or another number that is no status",
        "Takes it, then crashes on every probe until another is posted.",
        "Answers 400 in words, and keeps the status it had.",
        "A defect: no client can want it.",
        (
            "health_post_0",
            "health_get_0",
            "health_post_null",
            "health_get_null",
            "health_post_1000",
            "health_get_1000",
        ),
    ),
    Deviation(
        "What is no HTTP on the HTTP port: a PROXY header, a TLS hello",
        "Answers `400 Bad Request`, and says no more.",
        "Answers 400 with what came and what to change, and logs it.",
        "That is what the caller must know; the log is where the operator looks.",
        ("proxy_v1", "proxy_v2"),
    ),
    Deviation(
        "Plain HTTP on the TLS port",
        "Answers a bare `HTTP/1.0 400` and `Client sent an HTTP request to an HTTPS server.`",
        "Answers 400 with what to change, and logs it.",
        "As above.",
    ),
    Deviation(
        "Bodies of 512 bytes and more on a connection that is kept alive",
        "`/` prints a part, then `http: invalid Read on closed Body` or the like, and closes.",
        "Prints the whole body, and keeps the connection.",
        "A defect: Go throws the body away that whoami is reading, once the answer's head is sent.",
    ),
    Deviation(
        "Bodies of more than 512 bytes that are cut short, in HTTP/1.0",
        "`/` ends with Go's inner words: `readfrom tcp A->B: unexpected EOF`.",
        "Ends with `unexpected EOF`.",
        "As whoami does for shorter ones.",
    ),
    Deviation(
        "Sizes of `/data`",
        "A byte is missing where size-1 ends a buffer: 513, 33281, …",
        "As many bytes as asked.",
        "A defect.",
    ),
    Deviation(
        "`HEAD /data`",
        "Makes the whole text and throws it away.",
        "Makes none.",
        "A terabyte takes a while.",
    ),
    Deviation(
        "`/echo` after a close frame",
        "Leaves the connection open until the garbage collector finds it.",
        "Closes it.",
        "A defect; RFC 6455 §7.1.1 has the server close first.",
    ),
    Deviation(
        "`/echo` on stdout",
        "Prints `Received b:104,105,33,` for each message.",
        "Prints nothing; the record of the connection has the bytes, the metrics the messages.",
        "stdout is the log, and a message may hold anything.",
    ),
    Deviation(
        "The end",
        "SIGTERM cuts off what is in hand; exit code 143, or 2 as process 1 of a container.",
        "Is not ready for `--drain`, then finishes what is in hand; exit code 0.",
        "Rolling updates lose no request.",
    ),
    Deviation(
        "What keeps it from starting",
        "Exit code 1.",
        "Exit code 3 (2 for wrong usage, as whoami).",
        "Scripts can tell a wrong set-up from a failure.",
    ),
    Deviation(
        "`/health` during the end",
        "Answers as before.",
        "Answers 503.",
        "Readiness probes that were written for whoami ask here.",
    ),
    Deviation(
        "`Update health check status code [503]`",
        "On stdout.",
        "On stderr.",
        "stdout is the log.",
    ),
    Deviation(
        "`-h`",
        "Prints Go's list of its flags on stderr.",
        "Prints ours on stdout.",
        "There are more flags to tell of.",
    ),
    Deviation(
        "Limits and timeouts",
        "None, but of the head.",
        "Those of the settings; a client that meets one is told which.",
        "A server that is open to the Internet needs them. They are wider than honest clients go.",
    ),
    Deviation(
        "Paths that we have",
        "`/explain`, `/ip`, `/metrics` and the like are answered as `/`.",
        "They have answers of their own: see the endpoints.",
        "whoami's users asked for them.",
    ),
    Deviation(
        "`?header=` in a query",
        "Means nothing.",
        "Adds the field to the answer.",
        "As above.",
    ),
    Deviation(
        "HTTP/2 over TLS",
        "Is offered.",
        "HTTP/1.1 alone.",
        "asyncio has no HTTP/2 server of note; clients agree on HTTP/1.1 by ALPN.",
    ),
    Deviation(
        "TLS sessions",
        "Are resumed.",
        "Are not.",
        "A resumed session lacks the client's chain: the second answer would differ from the first.",
    ),
    Deviation(
        "Odd subjects of client certificates",
        "Refuses the handshake for values that are no strings; T61String prints as U+FFFD in the released image.",
        "Leaves such values out, or prints their DER; T61String is read as Latin-1.",
        "As the newest Go does.",
    ),
)

# row of a recorded exchange -> why it goes otherwise
BY_ROW = {row: deviation.why for deviation in DEVIATIONS for row in deviation.rows}

"""`whofrom topology`: write whofrom.toml from what kubectl says."""

import sys
from pathlib import Path

import click

from echo.clientip import Fault, printable
from echo.clientip.config import MAX_CONFIG_BYTES
from echo.topology.cluster import Cluster
from echo.topology.documents import KUBECTL, MAX_INPUT_BYTES, documents
from echo.topology.proposal import propose
from echo.topology.view import Complaints

STDIN = "-"


@click.command("topology", context_settings={"help_option_names": ["-h", "--help"]}, epilog=f"The input: {KUBECTL}")
@click.argument("files", nargs=-1, metavar="[FILE]...")
def topology(files: tuple[str, ...]) -> None:
    """
    Write whofrom.toml, what addresses mean and whom to trust, from kubectl's JSON.

    FILE is the output of kubectl get -o json, any part of it; - or no FILE is standard input. Remarks, and what is
    missing in the input, go to standard error.
    """
    cluster, complaints = Cluster(), Complaints()
    left = MAX_INPUT_BYTES
    for path in files or (STDIN,):
        name = "standard input" if path == STDIN else printable(path)
        data = read(path, name, left)
        left -= len(data)
        cluster.add(documents(data, name), name, complaints)
    written = propose(cluster)
    if not written.says_something:
        for line in complaints.lines():
            click.echo(printable(line), err=True)
        raise Fault("no node, pod or Service with an address in the input", "", f"make it with: {KUBECTL}")
    if len(written.toml.encode()) > MAX_CONFIG_BYTES:
        raise Fault(
            f"more than the {MAX_CONFIG_BYTES} bytes that whofrom reads of a TOML would be written",
            "",
            "give it the namespaces that matter, and write the pods' subnets yourself",
        )
    for line in [*complaints.lines(), *written.notes]:
        click.echo(printable(line), err=True)
    click.echo(written.toml.encode(), nl=False)  # TOML is UTF-8, whatever the terminal is


def read(path: str, name: str, limit: int) -> bytes:
    """Return the bytes of a file, or of standard input. Raises Fault if there are more than `limit`."""
    try:
        if path == STDIN:
            if sys.stdin.isatty():
                click.echo(f"reading standard input, as in: {KUBECTL} | whofrom topology", err=True)
            buffer = getattr(sys.stdin, "buffer", None)  # a stream that was closed is text alone
            data = buffer.read(limit + 1) if buffer else b""
        else:
            with Path(path).open("rb") as file:
                data = file.read(limit + 1)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        cause = getattr(error, "strerror", None) or "no such name"
        raise Fault(f"cannot read it: {cause}", name, "name a file of kubectl's JSON") from None
    if len(data) > limit:
        raise Fault(
            f"more than {MAX_INPUT_BYTES >> 20} MiB of input", name, "give it fewer namespaces, or leave configmaps out"
        )
    return bytes(data)

"""
Stores on loopback, each a process of its own that ends with its standard input: moto for S3, gcp-storage-emulator for
Google's, and Azurite for Azure's, where npm has installed it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import pytest
from pyarrow.fs import AzureFileSystem, FileSystem, GcsFileSystem, S3FileSystem

MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
GOOGLE = """
import http.server, os, sys
http.server.HTTPServer = http.server.ThreadingHTTPServer  # its own takes one connection, and clients keep theirs
from gcp_storage_emulator.server import create_server
server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="logs")
server.start()
print(server._api._httpd.server_port, flush=True)
sys.stdin.read()
os._exit(0)
"""
# the account that every Azurite has, and its key, from its documentation
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
UNSET = (
    "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "STORAGE_EMULATOR_HOST",
    "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
)  # fmt: skip


@dataclass(frozen=True)
class Store:
    """
    A store with an empty bucket `logs`.

    root      the name of the bucket
    options   what stands behind a name of it
    environ   what a user of it has in the environment
    authority host:port
    """

    root: str
    options: str
    environ: dict[str, str]
    authority: str
    files: Any

    def name(self, key: str, options: str = "") -> str:
        """The name of an object, a prefix or a glob."""
        query = "&".join(filter(None, (self.options, options)))
        return f"{self.root}/{key}?{query}" if query else f"{self.root}/{key}"

    def put(self, key: str, data: bytes) -> str:
        """Store an object and return its name."""
        with self.files.open_output_stream(f"logs/{key}", compression=None) as out:
            out.write(data)
        return self.name(key)

    def empty(self) -> None:
        """Delete all objects."""
        if self.root == "gs://logs":  # its emulator's answer to a deletion is not one for Google's client
            urllib.request.urlopen(f"http://{self.authority}/wipe?keep-buckets=true").close()
        else:
            self.files.delete_dir("logs")
            self.files.create_dir("logs")

    def used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put its environment in force."""
        for name in UNSET:
            monkeypatch.delenv(name, raising=False)
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)


@contextmanager
def process(*command: str) -> Iterator[IO[str]]:
    """Run a server; what it prints is read from what this gives."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout
        finally:
            server.kill()


@contextmanager
def s3() -> Iterator[Store]:
    with process(sys.executable, "-c", MOTO) as out:
        authority = f"127.0.0.1:{int(out.readline())}"
        environ = {
            "AWS_ENDPOINT_URL": f"http://{authority}",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
        files = S3FileSystem(
            access_key=environ["AWS_ACCESS_KEY_ID"],
            secret_key=environ["AWS_SECRET_ACCESS_KEY"],
            endpoint_override=authority,
            scheme="http",
            region="eu-central-1",
            allow_bucket_creation=True,
            allow_bucket_deletion=True,
        )
        files.create_dir("logs")
        yield Store("s3://logs", "", environ, authority, files)


@contextmanager
def google() -> Iterator[Store]:
    with process(sys.executable, "-c", GOOGLE) as out:
        authority = f"127.0.0.1:{int(out.readline())}"
        files = GcsFileSystem(anonymous=True, endpoint_override=authority, scheme="http")
        yield Store("gs://logs", "", {"STORAGE_EMULATOR_HOST": authority}, authority, files)


@contextmanager
def azure() -> Iterator[Store]:
    azurite = shutil.which("azurite-blob")
    if azurite is None:
        pytest.skip("no azurite-blob: npm install --global azurite")
    with process(
        azurite, "--inMemoryPersistence", "--blobPort", "0", "--skipApiVersionCheck", "--disableTelemetry"
    ) as out:
        found = None
        while found is None:
            line = out.readline()
            assert line, "azurite-blob has ended"
            found = re.search(r"listens on http://127\.0\.0\.1:(\d+)", line)
        authority = f"127.0.0.1:{found[1]}"
        places = {f"{service}_storage_authority": authority for service in ("blob", "dfs")}
        schemes = {f"{service}_storage_scheme": "http" for service in ("blob", "dfs")}
        files: FileSystem = AzureFileSystem(ACCOUNT, account_key=ACCOUNT_KEY, **places, **schemes)
        files.create_dir("logs")
        environ = {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": ACCOUNT_KEY}
        yield Store("abfs://logs", f"endpoint_override=http://{authority}", environ, authority, files)


STORES = {"s3": s3, "gs": google, "abfs": azure}

"""
The file systems of pyarrow that stores are read through, made when the first place in a store is named.

Every client gets its own limits of time, so that it ends by itself: S3's is waited for at the end of the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from echo.clientip import printable
from pipeline.errors import UsageFault
from pipeline.sources.stores import ACCOUNT_HOST, Endpoint, Place

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 15.0  # in which S3 sends no byte, after which a request is tried again
ATTEMPTS = 3
RETRY_SECONDS = 20  # that Google's client tries again for

FileSystem = Any  # pyarrow.fs.FileSystem: pyarrow's hints are passed over


def maker_of(place: Place, environ: Mapping[str, str] = os.environ) -> Callable[[], FileSystem]:
    """
    Return what makes the file system that a place is in, or has made it before; it may ask the store for its region.

    Raises UsageFault if the place does not say enough.
    """
    endpoint = place.endpoint(environ)
    if place.scheme == "s3":
        return lambda: _s3(place.bucket, place.option("region"), endpoint, place.anonymous)
    if place.scheme == "gs":
        # an emulator that the environment names wants no credentials
        anonymous = place.anonymous or (endpoint is not None and not place.option("endpoint_override"))
        return lambda: _gs(endpoint, anonymous)
    host = ACCOUNT_HOST.fullmatch(place.authority.partition("@")[2])
    account = host[1] if host else environ.get("AZURE_STORAGE_ACCOUNT", "")
    if not account:
        raise UsageFault(
            "names no account",
            printable(place.uri),
            f"name it as {place.kind.example}, or the account by AZURE_STORAGE_ACCOUNT",
        )
    suffix = host[2] if host else "core.windows.net"
    key, token = (environ.get(name, "") for name in ("AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"))
    return lambda: _azure(account, suffix, endpoint, key, token, place.anonymous)


@lru_cache
def _s3(bucket: str, region: str, endpoint: Endpoint | None, anonymous: bool) -> FileSystem:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem, resolve_s3_region  # noqa: PLC0415

    if not region and endpoint is None:
        try:
            region = resolve_s3_region(bucket)
        except (OSError, ValueError):  # the next request says what is wrong
            region = ""
    options: dict[str, Any] = {"region": region} if region else {}
    if endpoint is not None:
        options |= {"endpoint_override": endpoint.authority, "scheme": endpoint.scheme}
    return S3FileSystem(
        anonymous=anonymous,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=SILENT_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        **options,
    )


@lru_cache
def _gs(endpoint: Endpoint | None, anonymous: bool) -> FileSystem:
    from pyarrow.fs import GcsFileSystem  # noqa: PLC0415

    options = {} if endpoint is None else {"endpoint_override": endpoint.authority, "scheme": endpoint.scheme}
    return GcsFileSystem(anonymous=anonymous, retry_time_limit=timedelta(seconds=RETRY_SECONDS), **options)


@lru_cache
def _azure(account: str, suffix: str, endpoint: Endpoint | None, key: str, token: str, anonymous: bool) -> FileSystem:
    from pyarrow.fs import AzureFileSystem, FileSystem  # noqa: PLC0415

    if anonymous:  # only a URI can say so
        if endpoint is None:
            uri = f"abfs://x@{account}.dfs.{suffix}/?credential_kind=anonymous"
        else:
            tls = "true" if endpoint.scheme == "https" else "false"
            uri = f"abfs://{account}@{endpoint.authority}/x?credential_kind=anonymous&enable_tls={tls}"
        return FileSystem.from_uri(uri)[0]
    options: dict[str, str] = {}
    for service in ("blob", "dfs"):
        options[f"{service}_storage_authority"] = endpoint.authority if endpoint is not None else f".{service}.{suffix}"
        options[f"{service}_storage_scheme"] = endpoint.scheme if endpoint is not None else "https"
    if key:
        options["account_key"] = key
    elif token:
        options["sas_token"] = token
    return AzureFileSystem(account, **options)

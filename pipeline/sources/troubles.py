"""
What the stores' clients say when something goes wrong: which fault that is, and what to do.

The clients tell by words alone, AWS's, Google's and Azure's own in pyarrow's exceptions. Their words are never shown
whole: an address in them may hold a signature.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from echo.clientip import printable
from pipeline.errors import NoObject, SourceFault, Unreachable
from pipeline.sources.stores import Place

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN")
MAX_WORDS = 200  # characters of a client's own words that are shown


class Trouble(NamedTuple):
    """
    One kind of trouble.

    words      regular expressions, of which one is found in what a client says
    fault      what it is; {reason} is the network's own
    next_step  what to do; {credentials} is where the store's come from, {endpoint} its address if that is not usual
    kind       what is raised
    """

    words: tuple[str, ...]
    fault: str
    next_step: str
    kind: type[SourceFault] = SourceFault


TROUBLES = (  # the first that fits
    Trouble(
        ("NO_SUCH_BUCKET", "NoSuchBucket", "ContainerNotFound", "Bucket '.*' not found"),
        "no such bucket",
        "check its name, and the endpoint",
    ),
    Trouble(
        (
            "INVALID_ACCESS_KEY_ID",
            "SIGNATURE_DOES_NOT_MATCH",
            "INVALID_CLIENT_TOKEN_ID",
            "EXPIRED_TOKEN",
            "ExpiredToken",
            "InvalidToken",
            "UNAUTHENTICATED",
            "OAuth2 access token",
            "AuthenticationFailed",
            "Server failed to authenticate",
            r"\w+Credential\b",  # of Azure: the one that could not be had
            "http_status_code=401",
            "HTTP status 401",
        ),
        "the credentials are missing, or not accepted",
        "give them by {credentials}; for a public one add ?anonymous=true",
    ),
    Trouble(
        (
            "ACCESS_DENIED",
            "AccessDenied",
            "PERMISSION_DENIED",
            r"Authorization\w*\]",
            "PublicAccessNotPermitted",
            "http_status_code=403",
            "HTTP status 403",
        ),
        "access is denied",
        "check that what {credentials} give may list and read it; for a public one add ?anonymous=true",
    ),
    Trouble(
        ("HTTP status 301", "PermanentRedirect", "AuthorizationHeaderMalformed"),
        "the bucket is in another region",
        "name that one: ?region=…",
    ),
    Trouble(
        ("INVALID_OBJECT_STATE", "InvalidObjectState", "BlobArchived"), "it is archived", "restore it from there first"
    ),
    Trouble(
        (
            "NETWORK_CONNECTION",
            "curlCode",
            "CURL error",
            "Could not (?:connect|resolve)",
            "Fail to get a new connection",
        ),
        "the store cannot be reached{reason}",
        "check the network, and the endpoint{endpoint}",
        Unreachable,
    ),
    Trouble(
        ("RESOURCE_NOT_FOUND", "NO_SUCH_KEY", "NOT_FOUND", "Path does not exist", "No such file"),
        "no such object",
        "name an object, a prefix that ends with /, or a glob in quotes",
        NoObject,
    ),
    Trouble(
        ("Empty path component",),
        "its key has an empty part (//), which cannot be read here",
        "copy it to another key",
    ),
    Trouble(  # what Google's client makes of an object that comes longer than it is stored
        ("I/O operation on closed file", "mismatched hashes"),
        "it is stored with Content-Encoding: gzip, and comes decompressed, which cannot be read here",
        "read it by gcloud storage cat NAME | whofrom ingest -, or store it without",
    ),
)
REASON = re.compile(r"Could not connect to server|Could not resolve host(?:name)?|Timeout was reached|SSL[\w ]*")


def trouble_of(error: Exception, place: Place, environ: Mapping[str, str]) -> SourceFault:
    """Return what a client's exception about a place means."""
    words = str(error)
    reason = REASON.search(words)
    told = {
        "credentials": place.kind.credentials,
        "reason": f": {reason[0]}" if reason else "",
        "endpoint": where(place, environ),
    }
    shown = printable(place.uri)
    for trouble in TROUBLES:
        if re.search("|".join(trouble.words), words):
            return trouble.kind(trouble.fault.format(**told), shown, trouble.next_step.format(**told))
    return SourceFault(f"the store answers: {_harmless(words, environ)}", shown, "look there for what is wrong with it")


def silent(seconds: float, place: Place, environ: Mapping[str, str]) -> SourceFault:
    """Return the fault of a store that does not answer."""
    return Unreachable(
        f"the store has not answered for {seconds:.0f} seconds",
        printable(place.uri),
        f"check the network, and the endpoint{where(place, environ)}",
    )


def where(place: Place, environ: Mapping[str, str]) -> str:
    """Return a store's endpoint behind a blank, "" if it is the provider's own."""
    endpoint = place.endpoint(environ)
    return f" {endpoint.scheme}://{endpoint.authority}" if endpoint is not None else ""


def _harmless(words: str, environ: Mapping[str, str]) -> str:
    """Return the beginning of a client's words, without secrets and the queries of addresses, which hold signatures."""
    words = re.sub(r"\?\S*", "", words.partition("\n")[0])
    for secret in (environ.get(name) for name in SECRETS):
        if secret:
            words = words.replace(secret, "…")
    return printable(words if len(words) <= MAX_WORDS else f"{words[:MAX_WORDS]}…")

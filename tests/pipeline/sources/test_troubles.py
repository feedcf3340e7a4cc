"""What the stores' clients say becomes a fault with a place and a next step, and no secret of theirs is shown."""

from __future__ import annotations

import pytest

from pipeline.errors import NoObject, SourceFault, Unreachable
from pipeline.sources.stores import place_of
from pipeline.sources.troubles import trouble_of

PLACE = place_of("s3://logs/a?endpoint_override=http://127.0.0.1:9000")
SIGNED = "Failed to list blobs: https://acc.blob.core.windows.net/c?sig=SeKreT&sv=1 Azure Error: [Odd] 500 it broke"
AZURE_TOKEN = "N5Azure4Core11Credentials23AuthenticationExceptionE: Failed to get token from DefaultAzureCredential."


@pytest.mark.parametrize(
    ("words", "kind", "fault"),
    [
        # as pyarrow 26 with AWS's, Google's and Azure's clients say it
        (
            "When listing objects in bucket 'logs': AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation",
            SourceFault,
            "s3://logs/a: no such bucket; check its name, and the endpoint",
        ),
        (
            "When getting information for key 'x': AWS Error ACCESS_DENIED during HeadObject operation",
            SourceFault,
            "access is denied; .*anonymous=true",
        ),
        (
            "AWS Error SIGNATURE_DOES_NOT_MATCH during GetObject operation: …",
            SourceFault,
            "the credentials are missing, or not accepted; give them by AWS_PROFILE",
        ),
        (
            "AWS Error UNKNOWN (HTTP status 301) during HeadObject operation",
            SourceFault,
            r"in another region; name that one: \?region",
        ),
        ("AWS Error INVALID_OBJECT_STATE during GetObject operation", SourceFault, "it is archived"),
        (
            "AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 7, Could not connect to server",
            Unreachable,
            "cannot be reached: Could not connect to server; check the network, and the endpoint http://127",
        ),
        (
            "google::cloud::Status(UNAVAILABLE: Retry policy exhausted, … CURL error [7]=Could not connect to server …",
            Unreachable,
            "cannot be reached: Could not connect to server",
        ),
        (
            "google::cloud::Status(UNAVAILABLE: no OAuth2 access token … CURL error [6]=Could not resolve",
            SourceFault,
            "the credentials are missing",
        ),
        ("I/O operation on closed file", SourceFault, "stored with Content-Encoding: gzip, .* gcloud storage cat"),
        ("google::cloud::Status(NOT_FOUND: Permanent error, …http_status_code=404", NoObject, "no such object"),
        (
            "google::cloud::Status(PERMISSION_DENIED: Permanent error, …http_status_code=403",
            SourceFault,
            "access is denied",
        ),
        (
            "… Azure Error: [AuthorizationFailure] 403 Server failed to authenticate the request.",
            SourceFault,
            "the credentials are missing, or not accepted",
        ),
        (
            "… Azure Error: [AuthorizationPermissionMismatch] 403 This request is not authorized",
            SourceFault,
            "access is denied",
        ),
        (f"Unknown error: Check for … failed: {AZURE_TOKEN}", SourceFault, "the credentials are missing"),
        (
            "Check for … failed. Azure Error: [] Fail to get a new connection for: h. Could not connect to server",
            Unreachable,
            "cannot be reached: Could not connect to server",
        ),
        (
            SIGNED,
            SourceFault,
            "the store answers: Failed to list blobs: https://acc.blob.core.windows.net/c Azure Error",
        ),
        ("it holds wJalrXUtnFEMI", SourceFault, "the store answers: it holds …;"),
        ("\x1b[31m" + "x" * 500, SourceFault, r"\\x1b\[31mx+…; look there"),
    ],
)
def test_what_a_client_says(words: str, kind: type[SourceFault], fault: str) -> None:
    found = trouble_of(OSError(words), PLACE, {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"})
    assert type(found) is kind
    with pytest.raises(SourceFault, match=fault):
        raise found
    assert "SeKreT" not in str(found)
    assert len(str(found)) < 450

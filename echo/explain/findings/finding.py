"""What a finding is, and what its verdict may be."""

from typing import NamedTuple

# verdict -> what it says
VERDICTS = {
    "preserved-at-socket": "The other end of the connection is the client.",
    "preserved-in-header": "A chain of trusted proxies says who the client is.",
    "untrusted-header": "A header names somebody, but who sent it is not trusted.",
    "lost": "No evidence in this request says who the client is.",
    "ambiguous": "The evidence fits more than one story; the explanation names them.",
    "forged": "A program on the way believed what the client wrote.",
    "malformed": "Not an HTTP request.",
}
PEER, CLIENT = "peer", "client"


class Finding(NamedTuple):
    """
    One finding.

    manifest   the file to apply or the lines to set, "" for none
    section    of the background article on TKE that shows it, "" for none
    reference  the document it rests on, "" for none
    stories    keys of STORIES: who may be behind it, where that is not certain
    lost_at    the hop that put its own address in the client's place: PEER, CLIENT or ""
    """

    code: str
    verdict: str
    title: str
    cause: str
    remedy: str
    manifest: str = ""
    section: str = ""
    reference: str = ""
    stories: tuple[str, ...] = ()
    lost_at: str = ""

"""
What syslog puts in front of a message: RFC 3164 as it is found, with and without a year, and RFC 5424.

    <190>Jul  8 11:07:07 host nginx[2869]: what the program wrote
    2021-07-08T11:07:07.123456+00:00 host nginx: what the program wrote
    <190>1 2021-07-08T11:07:07Z host nginx 2869 - [id key="value"] what the program wrote

1. The priority is left out in files; the year or the zone may stand in the time, RFC 3339 in its place (rsyslog's and
   syslog-ng's files).
2. In RFC 3164 the host (nginx's `nohostname`) and the tag may be missing, or both, as `kubectl logs --timestamps` has
   it. A tag ends with a colon and a blank.
3. Time, host and program are the relay's: the message has its own.
4. A message is one line: nothing is joined.
"""

from __future__ import annotations

import re

from pipeline.sources.wrappers.layer import Piece, Wrapper

BOM = b"\xef\xbb\xbf"  # RFC 5424's sign that a message is UTF-8
_PRIORITY = rb"(?:<\d{1,3}>)?"
_STAMP = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_MONTHS = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_BSD_TIME = (
    rb"(?:\d{4} )?" + _MONTHS + rb" [ \d]?\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4})?(?: [A-Z]{3,5}:?)?"
)
# neither is what a JSON object or a quoted text begins with
_TAG = rb"(?:[\w./@+~-]{1,128}(?:\[[^\]\s]{0,64}\])?:(?: |$))"
# where a message has no host in front, as `docker logs -t` prints it, its first word is the peer of nginx or HAProxy
_HOST = rb"(?:[\w.:%-]{0,255}[\w.%-] +(?!- |\[\d\d?/))"
_BSD = re.compile(
    _PRIORITY + rb"(?:" + _STAMP + rb"|" + _BSD_TIME + rb") +" + _HOST + rb"?+ *" + _TAG + rb"?+(?:@cee: ?)?"
)
_VALUE = rb'"(?:[^"\\]++|\\.)*+"'
_DATA = rb'(?:-|(?:\[(?:[^\]"\\]++|' + _VALUE + rb")*+\])++)"
_RFC5424 = re.compile(
    _PRIORITY + rb"1 (?:-|" + _STAMP + rb") [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} " + _DATA + rb"(?: |$)"
)


def read(line: bytes) -> Piece | None:
    """Return what a line holds."""
    found = _RFC5424.match(line) or _BSD.match(line)
    return found and Piece(b"", line[found.end() :].removeprefix(BOM))


SYSLOG = Wrapper("syslog", "RFC 3164 with and without a year, RFC 3339 in its place, RFC 5424", read)

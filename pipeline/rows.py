"""
The rows of the lake: the fields of the record (`echo.record.FIELDS`) and what the pipeline adds to each.

A source gives a batch of RECORD_SCHEMA; resolve, geo and ingest add their columns; the lake holds ROW_SCHEMA.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from echo.record import FIELDS

BY_WRITER = "writer"  # client_source and client_reason where the program that wrote the line had made up its mind
HEADERS_TYPE = pa.map_(pa.string(), pa.list_(pa.string()))
ARROW_TYPES: dict[str, pa.DataType] = {
    "int": pa.int64(),
    "text": pa.string(),
    "ip": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
    "headers": HEADERS_TYPE,
}


class Column(NamedTuple):
    """A column that the pipeline adds."""

    name: str
    type: pa.DataType
    meaning: str


RESOLVED_COLUMNS = (
    Column("peer_name", pa.string(), "The peer as the log wrote it, where that is no address (a host name, unix:)."),
    Column(
        "client_ip_num",
        pa.binary(),
        "client_ip as 16 bytes, network order, IPv4 at ::ffff:0:0/96: compares as a number.",
    ),
    Column("client_class", pa.string(), "What the address is by itself: public, private, loopback, cgnat, …"),
    Column(
        "policy",
        pa.string(),
        "Id of the trust policy that resolved the row; 'record' if the verdict of the log's writer was kept.",
    ),
    Column(
        "anonymized",
        pa.string(),
        "Null if the row's addresses are whole. 'truncate': cut to /24 and /48; 'pseudonym KEY': each has a number of "
        "100::/64 in its place, by the key of that fingerprint. Class and place are those of the whole addresses.",
    ),
)
GEO_COLUMNS = (
    Column("continent", pa.string(), "Continent code: AF, AN, AS, EU, NA, OC, SA."),
    Column("country", pa.string(), "ISO 3166-1 alpha-2 code."),
    Column("region", pa.string(), "First-level division: its English name, else its code."),
    Column("city", pa.string(), "City, English name."),
    Column("latitude", pa.float64(), "Degrees."),
    Column("longitude", pa.float64(), "Degrees."),
    Column("accuracy_km", pa.float64(), "Radius that the database claims, where it does."),
    Column("asn", pa.int64(), "Number of the autonomous system that announces the address."),
    Column("as_org", pa.string(), "Organisation that the autonomous system belongs to."),
    Column("geo_build", pa.string(), "Database and build date that placed the row; null if none was given."),
)
ORIGIN_COLUMNS = (
    Column("date", pa.date32(), "UTC date of ts; the partition."),
    Column("source", pa.string(), "File the line came from, '-' for standard input."),
    Column("source_offset", pa.int64(), "Byte offset of the line in the decompressed source."),
)
SIGNATURE_COLUMNS = (
    Column(
        "signatures",
        pa.list_(pa.string()),
        "Ids of the attack signatures that the request matches; empty if none does, null if it was not judged.",
    ),
)
ADDED_COLUMNS = RESOLVED_COLUMNS + GEO_COLUMNS + SIGNATURE_COLUMNS + ORIGIN_COLUMNS

# `v` is the record's own schema version: a reader needs it, a row does not
RECORD_COLUMNS = tuple(
    Column(field.name, ARROW_TYPES[field.type], field.meaning) for field in FIELDS if field.name != "v"
)


def schema_of(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of columns, all nullable: logs lack what they lack."""
    return pa.schema([(column.name, column.type) for column in columns])


RECORD_SCHEMA = schema_of(RECORD_COLUMNS)
ROW_COLUMNS = RECORD_COLUMNS + ADDED_COLUMNS
ROW_SCHEMA = schema_of(ROW_COLUMNS)

MAX_RAW_BYTES = 4096  # of a rejected line: enough to see what it was; an attacker's megabyte is not kept twice
REJECT_COLUMNS = (
    Column("source", pa.string(), "File the line came from."),
    Column("source_offset", pa.int64(), "Byte offset of the line in the decompressed source."),
    Column("line", pa.int64(), "Line number, from 1."),
    Column("reason", pa.string(), "Why it is no row."),
    Column(
        "raw",
        pa.string(),
        f"The line without its wrapper, its first {MAX_RAW_BYTES:,} bytes; bytes that are not UTF-8 as \\xNN.",
    ),
    Column("ingested_at", pa.timestamp("us", "UTC"), "When it was rejected."),
    Column("format", pa.string(), "Format by whose rules it is no row, as --format takes it."),
    Column("anonymized", pa.string(), "Null if raw is as the log has it; else as in requests."),
    Column("retry", pa.string(), "Null, but where a --retry-rejects that is at work, or was killed, moves the line."),
)
REJECT_SCHEMA = schema_of(REJECT_COLUMNS)

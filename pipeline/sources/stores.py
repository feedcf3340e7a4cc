"""
Names of objects in stores: `s3://bucket/key`, `gs://bucket/key`, `abfs://container@account.dfs.core.windows.net/key`.

Rules:

1. A key is taken as it stands, as `aws s3` and `gsutil` take it: `%20` in it is three characters.
2. Behind the last `?`, if a name and `=` follow: options. Any other `?` belongs to a glob, or to the key.
3. Credentials come from where the store's own tools have them, never from a name, which shells and process lists show.
   One that holds some is refused, and what is shown of it is without them.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from echo.clientip import printable, quote
from pipeline.errors import UsageFault

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
OPTIONS = re.compile(r"\?([A-Za-z][\w-]*=[^?]*)\Z", re.DOTALL)
BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._$-]*")
ACCOUNT_HOST = re.compile(r"([a-z0-9]+)\.(?:dfs|blob)\.([a-z0-9.-]+)")
ENDPOINT = re.compile(r"(?:(https?)://)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?/?")
MAGIC = re.compile(r"[*?[]")
ANY_DEPTH = "**"
# an option that changes nothing, behind a key that would be read as options itself
NOTHING = "anonymous=false"


class Kind(NamedTuple):
    """
    A kind of store.

    title          what people call it
    example        a name
    options        what may stand behind the `?`
    endpoints      environment variables that name another endpoint, the first that is set
    credentials    where credentials come from
    lists_folders  whether pyarrow tells what folders a folder holds, and not only the objects
    """

    title: str
    example: str
    options: tuple[str, ...]
    endpoints: tuple[str, ...]
    credentials: str
    lists_folders: bool = True


PLACE_OPTIONS = ("endpoint_override", "scheme", "anonymous")
AZURE = Kind(
    "Azure Blob Storage",
    "abfs://container@account.dfs.core.windows.net/key",
    PLACE_OPTIONS,
    (),
    "AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, az login or a managed identity",
)
KINDS: Mapping[str, Kind] = {
    "s3": Kind(
        "S3",
        "s3://bucket/key",
        ("region", *PLACE_OPTIONS),
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        "AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the instance's role",
    ),
    "gs": Kind(
        "Google Cloud Storage",
        "gs://bucket/key",
        PLACE_OPTIONS,
        ("STORAGE_EMULATOR_HOST",),
        "GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login or the machine's service account",
        lists_folders=False,
    ),
    "abfs": AZURE,
    "abfss": AZURE,
}
TAKEN = "name files, folders, globs in quotes, - for standard input, or what a store holds: s3://…, gs://…, abfs://…"


class Endpoint(NamedTuple):
    """Where a store is, if not at its provider's own address."""

    scheme: str
    authority: str


class Place(NamedTuple):
    """
    An object, a prefix or a glob in a store.

    scheme     a key of KINDS
    authority  what stands between `://` and the next `/`: the bucket, for Azure also `container@account.dfs.…`
    key        behind it; "" is the bucket itself
    options    name, value; none of them a secret
    """

    scheme: str
    authority: str
    key: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> Kind:
        """What is known of such stores."""
        return KINDS[self.scheme]

    @property
    def bucket(self) -> str:
        """The bucket or container."""
        return self.authority.partition("@")[0]

    @property
    def path(self) -> str:
        """The bucket and the key, as pyarrow.fs has it."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    @property
    def uri(self) -> str:
        """The name without its options: what the lake keeps and people read."""
        return f"{self.scheme}://{self.authority}/{self.key}"

    @property
    def name(self) -> str:
        """The name with its options: from which `place_of` makes this place again."""
        options = "&".join(f"{name}={value}" for name, value in self.options)
        if not options and OPTIONS.search(self.key):
            options = NOTHING
        return f"{self.uri}?{options}" if options else self.uri

    def at(self, path: str) -> Place:
        """Return another object of the bucket, by its path."""
        return self._replace(key=path.partition("/")[2])

    def option(self, name: str) -> str:
        """Return an option's value, "" if it is not given."""
        return dict(self.options).get(name, "")

    @property
    def anonymous(self) -> bool:
        """Whether to ask without credentials."""
        return self.option("anonymous") == "true"

    def endpoint(self, environ: Mapping[str, str]) -> Endpoint | None:
        """Return the endpoint that an option or the environment names, None for the provider's own."""
        asked = self.option("endpoint_override")
        said = next((environ[name] for name in self.kind.endpoints if environ.get(name)), "")
        found = ENDPOINT.fullmatch(asked or said)
        if found is None:
            if asked or said:
                where = " or ".join(("endpoint_override", *self.kind.endpoints)) if asked else "the environment"
                raise UsageFault(
                    "the endpoint is no http://HOST:PORT", printable(self.uri), f"mend it in {where}, without a path"
                )
            return None
        scheme, host, port = found.groups()
        scheme = self.option("scheme") or scheme or ("https" if asked or self.scheme != "gs" else "http")
        return Endpoint(scheme, f"{host}:{port}" if port else host)


def scheme_of(name: str) -> str:
    """Return the scheme of a name that looks like a URI, "" of one that does not."""
    found = SCHEME.match(name)
    return found[1].lower() if found else ""


def is_store(name: str) -> bool:
    """Return whether a name is of a store."""
    return scheme_of(name) in KINDS


def source_of(name: str) -> str:
    """Return what a source is called where its rows are kept and shown: without a store's options."""
    return place_of(name).uri if is_store(name) else name


def store_of(name: str) -> str:
    """Return what a source has in common with others of its store, "" for a file."""
    return place_of(name)._replace(key="").name if is_store(name) else ""


def place_of(name: str) -> Place:
    """Read a name. Raises UsageFault if it holds credentials, or is none of a store's."""
    scheme, rest = scheme_of(name), name.partition("://")[2]
    kind = KINDS.get(scheme)
    if kind is None:
        raise UsageFault(f"{quote(scheme + '://')} is no place that logs are read from", shown(name), TAKEN)
    found = OPTIONS.search(rest)
    bare = rest[: found.start()] if found else rest
    authority, _, key = bare.partition("/")
    bucket, at, host = authority.partition("@")
    if ":" in authority:
        raise UsageFault("holds credentials", shown(name), f"take them out, and give them by {kind.credentials}")
    if at and not (kind is AZURE and ACCOUNT_HOST.fullmatch(host)):
        raise UsageFault("names no bucket in the usual way", shown(name), f"name it as {kind.example}")
    if not BUCKET.fullmatch(bucket):
        raise UsageFault("names no bucket, or one that cannot be", shown(name), f"name it as {kind.example}")
    pairs = [pair.partition("=") for pair in found[1].split("&")] if found else []
    options = tuple((option, value) for option, _, value in pairs)
    for option, value in options:
        _check_option(name, kind, option, value)
    return Place(scheme, authority, key, options)


def _check_option(name: str, kind: Kind, option: str, value: str) -> None:
    """Raises UsageFault for an option that is not taken; its value, which may be a secret, is not shown."""
    if option not in kind.options:
        raise UsageFault(
            f"{kind.title} takes no option {quote(option)}",
            shown(name),
            f"there are {', '.join(kind.options)}; credentials come from {kind.credentials}; a ? of a key is [?]",
        )
    wrong = {
        "anonymous": value not in ("true", "false") and "true or false",
        "scheme": value not in ("http", "https") and "http or https",
        "endpoint_override": not ENDPOINT.fullmatch(value) and "HOST:PORT or http://HOST:PORT",
        "region": not re.fullmatch(r"[\w-]+", value) and "a region's name",
    }[option]
    if wrong:
        raise UsageFault(f"the option {option} is not {wrong}", shown(name), "mend it")


def shown(name: str) -> str:
    """Return a name for a message: without options, and without what may be credentials."""
    scheme, _, rest = name.partition("://")
    rest = rest.partition("?")[0]
    authority, slash, path = rest.partition("/")
    if "@" in rest and (":" in authority or "@" in path):
        rest = rest.rpartition("@")[2]
    elif ":" in authority and not re.fullmatch(r"[^:]+:\d{1,5}", authority):
        rest = f"…{slash}{path}" if path else "…"
    return printable(f"{scheme}://{rest}")


def magic(text: str) -> bool:
    """Return whether text is a glob."""
    return MAGIC.search(text) is not None


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """
    Return whether the parts of a path are those of a glob, by the rules of local globs.

    `**` stands for any number of folders, at the end for all that is below; no wildcard stands for a leading dot.
    """
    if not pattern:
        return not parts
    first, rest = pattern[0], pattern[1:]
    if first != ANY_DEPTH:
        return bool(parts) and fits(parts[0], first) and matches(parts[1:], rest)
    if not rest:
        return bool(parts) and not any(part.startswith(".") for part in parts)
    for depth in range(len(parts)):
        if matches(parts[depth:], rest):
            return True
        if parts[depth].startswith("."):
            return False
    return False


def fits(name: str, pattern: str) -> bool:
    """Return whether one part of a path is that of a glob."""
    hidden = name.startswith(".") and not pattern.startswith(".")
    return name == pattern or (not hidden and fnmatch.fnmatchcase(name, pattern))

"""Objects of a store are sources like files: S3's, Google's and Azure's, each from a server on loopback."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import whofrom
from pipeline.engine.duckdb import Engine
from pipeline.errors import SourceFault
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.progress import Progress
from pipeline.settings import Settings
from pipeline.sources import filesystems, objects, opening
from pipeline.sources.folders import Found, expand
from pipeline.sources.opening import opened
from tests.pipeline.sources.servers import STORES, Store
from tests.pipeline.sources.test_folders import log_of, zstd

WHOFROM = str(Path(sys.executable).parent / "whofrom")


@pytest.fixture(scope="session", params=list(STORES))
def served(request: pytest.FixtureRequest) -> Iterator[Store]:
    with STORES[request.param]() as store:
        yield store


@pytest.fixture
def store(served: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Each kind of store, empty."""
    served.used(monkeypatch)
    served.empty()
    return served


@pytest.fixture(scope="session")
def served_s3() -> Iterator[Store]:
    with STORES["s3"]() as store:
        yield store


@pytest.fixture
def s3(served_s3: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An S3, empty."""
    served_s3.used(monkeypatch)
    served_s3.empty()
    return served_s3


def ingested(lake: Path, *sources: str) -> Result:
    return CliRunner().invoke(whofrom, ["ingest", *sources, "--no-geo", "--lake", str(lake)])


def rows(lake: Path) -> dict[str, int]:
    """Rows by source."""
    found = Engine(Lake(str(lake))).query("SELECT source, count(*) AS n FROM requests GROUP BY ALL")
    return {row["source"]: row["n"] for row in found.to_pylist()}


def test_objects_prefixes_and_globs_are_sources(store: Store, tmp_path: Path) -> None:
    store.put("AWSLogs/1/2026/access.log.1.gz", gzip.compress(log_of(0)))
    store.put("AWSLogs/1/2026/access.log", log_of(40))
    store.put("AWSLogs/2/2026/a b%20é.log", log_of(80))
    store.put("other/site.log.gz", gzip.compress(log_of(120)))
    for pattern, keys in {
        "AWSLogs/": ["1/2026/access.log.1.gz", "1/2026/access.log", "2/2026/a b%20é.log"],
        "AWSLogs/1": ["1/2026/access.log.1.gz", "1/2026/access.log"],
        "AWSLogs/1/2026/access.log": ["1/2026/access.log"],
        "AWSLogs/**/*.gz": ["1/2026/access.log.1.gz"],
        "AWSLogs/*/2026/*.log": ["1/2026/access.log", "2/2026/a b%20é.log"],
        "*/?/2026/*.gz": ["1/2026/access.log.1.gz"],
        "AWS*/[!1]/2026/*": ["2/2026/a b%20é.log"],
    }.items():
        assert [one.name for one in expand([store.name(pattern)])] == [store.name(f"AWSLogs/{key}") for key in keys]
    (tmp_path / "local.log").write_bytes(log_of(160))
    done = ingested(tmp_path / "lake", store.name(""), store.name("**/*.gz"), str(tmp_path / "local.log"))
    assert done.exit_code == 0, done.stderr
    assert rows(tmp_path / "lake") == {
        f"{store.root}/AWSLogs/1/2026/access.log.1.gz": 40,
        f"{store.root}/AWSLogs/1/2026/access.log": 40,
        f"{store.root}/AWSLogs/2/2026/a b%20é.log": 40,
        f"{store.root}/other/site.log.gz": 40,
        f"{tmp_path}/local.log": 40,
    }
    assert "total: 200 rows, 0 rejects" in done.stderr
    again = ingested(tmp_path / "lake", store.name(""))
    assert again.exit_code == 0
    assert again.stderr.count("nothing new: all of it is in the lake") == 4


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, bytes])
def test_a_log_that_went_into_the_store_is_the_same_log(
    pack: Callable[[bytes], bytes], store: Store, lake: Lake, tmp_path: Path
) -> None:
    (tmp_path / "access.log").write_bytes(log_of(0))
    ingest_source(str(tmp_path / "access.log"), lake, Settings())
    name = store.put("access.log.1", pack(log_of(0, 41)))
    outcome = ingest_source(name, lake, Settings())
    assert (outcome.rows, outcome.rejects, outcome.source) == (1, 0, f"{store.root}/access.log.1")
    assert ingest_source(name, lake, Settings()).rows == 0


def test_an_object_is_whole_so_its_last_line_is(store: Store, lake: Lake) -> None:
    name = store.put("access.log", log_of(0).rstrip(b"\n"))
    assert ingest_source(name, lake, Settings()).rows == 40
    cut = store.put("cut.log", log_of(100) + b"203.0.113.7 - - [17/May")
    outcome = ingest_source(cut, lake, Settings())
    assert (outcome.rows, outcome.rejects, outcome.pending) == (40, 1, 0)


def test_what_is_not_there_is_named_and_does_not_stop_the_others(store: Store, tmp_path: Path) -> None:
    store.put("a.log", log_of(0))
    store.put("lake/requests/_delta_log/0.json", b"{}")
    store.put("lake/requests/part.parquet", b"PAR1")
    store.put("picture/x.png", b"\x89PNG\0\0")
    bucket = store.root.replace("logs", "nobucket")
    query = f"?{store.options}" if store.options else ""
    done = ingested(
        tmp_path / "lake",
        f"{bucket}/a.log{query}",
        f"{bucket}/*{query}",
        f"{bucket}/{query}",
        store.name("none.log"),
        store.name("none/"),
        store.name("*.zip"),
        store.name("lake/"),
        store.name("picture/"),
        store.name("a.log"),
    )
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"whofrom: error: {bucket}/a.log: no such bucket; check its name, and the endpoint",
        f"whofrom: error: {bucket}/*: no such bucket; check its name, and the endpoint",
        f"whofrom: error: {bucket}/: no such bucket; check its name, and the endpoint",
        *(
            f"whofrom: error: {store.root}/{key}: no such object;"
            " name an object, a prefix that ends with /, or a glob in quotes"
            for key in ("none.log", "none/", "*.zip")
        ),
        f"{store.root}/lake/requests/: skipped: a lake, or a Delta table",
        f"whofrom: error: {store.root}/lake/: no log in this folder; name another, or the objects themselves",
        rf"{store.root}/picture/x.png: skipped: no known log format; its first line is '\x89PNG\x00\x00'",
        f"{store.root}/a.log: combined, 40 rows, 0 rejects",
        "total: 40 rows, 0 rejects",
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_compressed_object_cut_short_adds_nothing(pack: Callable[[bytes], bytes], s3: Store, lake: Lake) -> None:
    name = s3.put("cut.gz", pack(log_of(0, 2000))[:-9])
    with pytest.raises(SourceFault, match=r"s3://logs/cut\.gz: the \w+ ends before its end; fetch it again"):
        ingest_source(name, lake, Settings())
    assert not Path(lake.path).exists()


def test_odd_names_are_read_and_what_cannot_be_is_told(s3: Store, tmp_path: Path) -> None:
    for number, key in enumerate(["n/odd?x=1.log", "n/#1.log", "n/a+b&c.log", "n/[1].log", "n/1.log"]):
        s3.put(key, log_of(40 * number))
    assert [one.name for one in expand([s3.name("n/[1].log")])] == [s3.name("n/[1].log")]
    done = ingested(tmp_path / "lake", s3.name("n/"), s3.name("n//x.log"))
    assert "s3://logs/n//x.log: its key has an empty part (//), which cannot be read here" in done.stderr
    assert sorted(rows(tmp_path / "lake")) == [
        "s3://logs/n/#1.log", "s3://logs/n/1.log", "s3://logs/n/[1].log", "s3://logs/n/a+b&c.log", "s3://logs/n/odd?x=1.log",
    ]  # fmt: skip


def test_credentials_are_asked_for_and_a_public_object_needs_none(s3: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/s3/aws4_request"}
    for key, acl in (("public.log", "public-read"), ("private.log", "private")):
        headers = signed | {"x-amz-acl": acl, "Content-Type": "text/plain"}
        put = urllib.request.Request(f"http://{s3.authority}/logs/{key}", log_of(0), headers, method="PUT")
        urllib.request.urlopen(put).close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert expand([s3.name("public.log", "anonymous=true")])[0].size == len(log_of(0))
    with pytest.raises(SourceFault, match=r"s3://logs/private\.log: access is denied; .*anonymous=true"):
        expand([s3.name("private.log", "anonymous=true")])


def test_an_endpoint_can_be_an_option_and_a_host_name(s3: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put("a.log", log_of(0))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    port = s3.authority.partition(":")[2]
    name = f"s3://logs/a.log?endpoint_override=http://localhost:{port}&region=eu-central-1"
    assert expand([name]) == [Found(name, size=len(log_of(0)))]
    with opened(name) as (stream, growing):
        assert stream.read() == log_of(0)
        assert not growing


def test_large_objects_come_in_ranges(s3: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "RANGE_BYTES", 1000)
    monkeypatch.setattr(opening, "KEPT_BYTES", 100)
    text = log_of(0, 2000)
    for data in (text, gzip.compress(text)):
        name = s3.put("large", data)
        heard: list[int] = []
        with opened(name, heard.append) as (stream, _):
            read = b""
            while chunk := stream.read(4096):
                read += chunk
        assert read == text
        assert heard == sorted(heard)
        assert heard[-1] == len(data)


def test_the_progress_knows_sizes_of_objects(s3: Store) -> None:
    found = expand([s3.put("a.log", log_of(0)), s3.put("b.log", log_of(40))])
    out, now = io.StringIO(), [0.0]
    progress = Progress(found, out, lambda: now[0], 80)
    progress.begin(found[0].name)
    progress.begin(found[1].name)
    now[0] = 10.0
    progress.read(0)
    assert "b.log  49 %  3.1 kB of 6.2 kB" in out.getvalue()


@pytest.mark.parametrize("when", ["write", "flush"])
def test_no_room_to_keep_a_compressed_object_is_told(
    when: str, s3: Store, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    full = type("Full", (io.BytesIO,), {when: refuse})
    monkeypatch.setattr(opening.tempfile, "SpooledTemporaryFile", lambda _: full())
    name = s3.put("a.gz", gzip.compress(log_of(0)))
    with pytest.raises(SourceFault, match=r"cannot keep it in .*No space left on device; it needs .* bytes .*TMPDIR"):
        ingest_source(name, lake, Settings())


@pytest.mark.parametrize("scheme", ["s3", "gs", "abfs"])
def test_a_store_that_cannot_be_reached_is_named_at_once(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "acc")
    monkeypatch.setenv("AZURE_STORAGE_KEY", "a2V5")
    monkeypatch.setattr(filesystems, "ATTEMPTS", 1)
    monkeypatch.setattr(filesystems, "RETRY_SECONDS", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(SourceFault, match=f"{scheme}://logs/a: the store cannot be reached: .*endpoint {endpoint}"):
            expand([f"{scheme}://logs/a?endpoint_override={endpoint}&anonymous=true"])


@pytest.mark.parametrize("scheme", ["s3", "gs", "abfs"])
def test_a_store_that_never_answers_is_given_up(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "acc")
    monkeypatch.setattr(objects, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(filesystems, "ATTEMPTS", 1)
    monkeypatch.setattr(filesystems, "SILENT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = f"http://127.0.0.1:{mute.getsockname()[1]}"
        begun = time.monotonic()
        done = ingested(tmp_path / "lake", f"{scheme}://logs/a?endpoint_override={endpoint}&anonymous=true")
        assert time.monotonic() - begun < 10
    assert f"{scheme}://logs/a: the store has not answered for 1 seconds; check the network" in done.stderr
    assert endpoint in done.stderr
    assert done.exit_code == 1


def test_what_a_store_holds_is_not_tried_when_it_cannot_be_reached_any_more(
    s3: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "local.log").write_bytes(log_of(0))
    for number in range(5):
        s3.put(f"{number}.log", log_of(40 * number))
    monkeypatch.setattr(filesystems, "ATTEMPTS", 1)
    listed = objects.objects

    def last_words(place: objects.Place) -> tuple[list[objects.Object], bool]:
        found = listed(place)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        return found

    monkeypatch.setattr("pipeline.sources.folders.objects", last_words)
    done = ingested(tmp_path / "lake", s3.name(""), str(tmp_path / "local.log"))
    assert done.exit_code == 1
    assert done.stderr.count("cannot be reached") == 1
    assert "4 more of it not tried; run again" in done.stderr
    assert rows(tmp_path / "lake") == {f"{tmp_path}/local.log": 40}


def test_a_store_cannot_be_followed(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        whofrom, ["ingest", "--follow", "s3://logs/", "--lake", str(tmp_path / "lake")], standalone_mode=False
    )
    assert "is for files, not for a store's objects" in str(done.exception)


def test_a_process_that_read_a_store_ends_well(s3: Store, tmp_path: Path) -> None:
    s3.put("a.log.gz", gzip.compress(log_of(0)))
    done = subprocess.run(
        [WHOFROM, "ingest", "--no-geo", "s3://logs/*.gz", "s3://logs/none"],
        check=False,
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    first, second = done.stderr.splitlines()
    assert first.startswith("whofrom: error: s3://logs/none: no such object; name an object")
    assert second == "s3://logs/a.log.gz: combined, 40 rows, 0 rejects"
    assert done.returncode == 1
    assert done.stdout == ""


def test_ctrl_c_ends_what_waits_for_a_store(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        name = f"s3://logs/a?endpoint_override=http://127.0.0.1:{mute.getsockname()[1]}&anonymous=true"
        with subprocess.Popen([WHOFROM, "ingest", "--no-geo", name], cwd=tmp_path, stderr=subprocess.PIPE) as whofrom:
            mute.settimeout(30)
            with mute.accept()[0]:
                whofrom.send_signal(signal.SIGINT)
                begun = time.monotonic()
                assert whofrom.wait(timeout=60) == 130
                assert time.monotonic() - begun < 10

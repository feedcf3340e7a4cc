"""What tasks read is what an ingest without them reads: rows, rejects, marks, and what is said."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest

from pipeline.lake import Lake
from pipeline.spread import driver
from tests.pipeline.conftest import DATA
from tests.pipeline.sources.wrappers.shipped import LINE
from tests.pipeline.spread.beside import Here, held, ingest
from tests.pipeline.test_ingest_wrapped import cri, docker, syslog

Writes = Callable[[Path], Sequence[str | Path]]


def line(number: int, peer: str = "203.0.113.7", day: int = 17) -> bytes:
    return b'%s - - [%02d/May/2015:10:05:%02d +0000] "GET /%d?%s HTTP/1.1" 200 5 "-" "curl/8"' % (
        peer.encode(),
        day,
        number % 60,
        number,
        b"x" * (number * 37 % 90),
    )


def log(count: int, first: int = 0, end: bytes = b"\n") -> bytes:
    return b"".join(line(number) + end for number in range(first, first + count))


def files(**texts: bytes) -> Writes:
    def write(folder: Path) -> list[Path]:
        paths = [folder / name.replace("_", ".") for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_bytes(text)
        return paths

    return write


def crowdsec(folder: Path) -> list[Path]:
    """A log of each format that other projects' tests have lines of."""
    found: dict[str, list[bytes]] = {}
    for name in ("crowdsec_text.jsonl", "crowdsec_json.jsonl"):
        for case in map(json.loads, (DATA / "logs" / name).read_text("utf-8").splitlines()):
            found.setdefault(case["format"], []).append(case["line"].encode())
    paths = []
    for name, lines in found.items():
        paths.append(folder / f"{name}.log")
        paths[-1].write_bytes(b"".join(one + b"\n" for one in lines))
    return paths


def tree(folder: Path) -> list[Path]:
    """A folder with rotations, what is no log, an empty file, and a link to nothing."""
    below = folder / "logs" / "web"
    below.mkdir(parents=True)
    (below / "access.log").write_bytes(log(9, first=60))
    (below / "access.log.1").write_bytes(log(30, first=30))
    (below / "access.log.2.gz").write_bytes(gzip.compress(log(30)))
    (below / "error.log").write_bytes(b"2015/05/17 [error] something else\n" * 9)
    (below / "empty.log").touch()
    (below / "binary").write_bytes(b"\0\1\2" * 99)
    (below / "gone").symlink_to("nothing")
    return [folder / "logs"]


def wrapped(how: Callable[[bytes], list[bytes]]) -> bytes:
    return b"".join(b"".join(how(one)) for one in [*log(40).splitlines(), b"junk", b"y" * 40_000, line(77)])


NGINX_JSON = orjson.dumps(
    {"time_iso8601": "2015-05-17T10:05:03Z", "remote_addr": "10.0.0.9", "request": "GET /j HTTP/1.1", "status": 200}
)
CASES: dict[str, Writes] = {
    "plain": files(a_log=log(60), b_log=log(50, first=100)),
    "rejects in many places": files(a_log=b"".join(log(5, first=5 * at) + b"junk %d\n\n" % at for at in range(20))),
    "a record a line": files(a_log=(LINE + b"\n") * 3, b_log=NGINX_JSON + b"\n" + log(30)),
    "every format": crowdsec,
    "compressed": files(
        a_gz=gzip.compress(log(40)), b_bz2=bz2.compress(log(40, first=50)), c_xz=lzma.compress(log(40, first=99)),
        d_log=gzip.compress(log(9, first=200)),
    ),
    "cut short": files(a_gz=gzip.compress(log(400), mtime=0)[:-30], b_log=log(30)),
    "cri": files(a_log=wrapped(cri)),
    "docker": files(a_log=wrapped(docker)),
    "syslog": files(a_log=wrapped(syslog)),
    "a folder": tree,
    "a glob": lambda folder: (tree(folder), [str(folder / "logs" / "web" / "access.log*")])[1],
    "no end yet": files(a_log=log(30) + line(30)[:60], b_log=log(30, first=50) + line(80)),
    "an overlong line": files(a_log=log(20) + b"x" * (17 << 20) + b"\n" + log(20, first=20)),
    "a hole": files(a_log=b"\0" * 3000 + log(30), b_log=log(9) + b"\0" * 5000 + log(9, first=9)),
    "odd line ends": files(a_log=b"\xef\xbb\xbf" + log(30, end=b"\r\n"), b_log=log(20, first=50, end=b"\r\n")),
    "mixed": files(a_log=log(9) + NGINX_JSON + b"\n" + LINE + b"\n" + log(9, first=9) + b"junk\n" + NGINX_JSON),
    "one log twice": lambda folder: [*files(a_log=log(30), b_log=log(50))(folder), folder / "a.log"],
    "logs that begin alike": files(
        a_log=log(30) + log(9, first=100), b_log=log(30) + log(9, first=200), c_log=log(30) + log(9, first=300)
    ),
    "small logs that begin alike": files(a_log=log(2) + log(1, first=5), b_log=log(2) + log(3, first=7)),
    "nothing": files(a_log=b"", b_log=b"\n\n\n", c_log=log(3)),
    "no log": files(a_log=b"what is this\n" * 100, b_log=log(30)),
    "not there": lambda folder: [folder / "a.log", *files(b_log=log(9))(folder)],
    "several days": files(
        a_log=b"".join(line(number, day=1 + number % 28) + b"\n" for number in range(90)),
    ),
    "names": files(**{"a b%41_log": log(9), "\udce9_log": log(9, first=20), "ü_log": log(9, first=40)}),
}  # fmt: skip
SLICES = {"whole": driver.SLICE_BYTES, "sliced": 700}
WIDER = {"an overlong line": 3 << 20}  # slices of a case, where there would be too many


@pytest.fixture
def lakes(tmp_path: Path) -> tuple[Lake, Lake]:
    return Lake(str(tmp_path / "lakes" / "one")), Lake(str(tmp_path / "lakes" / "two"))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "texts"
    path.mkdir()
    return path


@pytest.mark.parametrize("size", SLICES)
@pytest.mark.parametrize("case", CASES)
def test_both_ways_make_the_same_lake(
    case: str, size: str, logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", max(SLICES[size], WIDER.get(case, 0)))
    names, cut = CASES[case](logs), size == "sliced"
    assert ingest(names, lakes[1], spread=Here()) == ingest(names, lakes[0])
    assert held(lakes[1], cut=cut) == held(lakes[0], cut=cut)
    commits = [commits_of(one) for one in lakes]
    assert ingest(names, lakes[1], spread=Here()) == ingest(names, lakes[0])
    assert [commits_of(one) for one in lakes] == commits  # a second run adds nothing


@pytest.mark.parametrize("ways", [(True, False), (False, True), (True, True)], ids=["back", "forth", "on"])
@pytest.mark.parametrize("size", SLICES)
def test_logs_that_have_grown_and_were_rotated_go_on_by_either_way(
    size: str, ways: tuple[bool, bool], logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", SLICES[size])
    access, other = logs / "access.log", logs / "other.log"
    steps: list[tuple[bytes, bytes]] = [
        (log(3), log(20, first=500) + line(520)),
        (log(40) + b"junk\n" + line(40)[:50], log(30, first=500) + b"junk\n"),
        (log(40) + b"junk\n" + log(90, first=40) + b"\n" + log(1, first=150), log(60, first=500) + b"junk\n"),
    ]
    for number, (text, more) in enumerate(steps):
        access.write_bytes(text)
        other.write_bytes(more)
        if number == 2:
            access = access.rename(logs / "access.log.1")
            (logs / "access.log").write_bytes(log(9, first=700))
        here = Here() if ways[number % 2] else None
        said = ingest([logs], lakes[1], spread=here), ingest([logs], lakes[0])
        assert said[0] == said[1]
        assert held(lakes[1], cut=True) == held(lakes[0], cut=True)


def commits_of(lake: Lake) -> list[str]:
    return sorted(path.name for path in Path(lake.path).rglob("_delta_log/*.json"))

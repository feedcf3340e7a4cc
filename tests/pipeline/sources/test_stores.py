"""Names of objects in stores: what they say, and that no secret in them is shown."""

from __future__ import annotations

from glob import glob
from pathlib import Path

import pytest

from pipeline.errors import UsageFault
from pipeline.sources.stores import NOTHING, Endpoint, is_store, magic, matches, place_of, shown, source_of, store_of


@pytest.mark.parametrize(
    ("name", "bucket", "key", "options"),
    [
        ("s3://logs", "logs", "", ()),
        ("s3://logs/", "logs", "", ()),
        ("S3://logs/a/b.log.gz", "logs", "a/b.log.gz", ()),
        ("gs://my_logs.example.com/a/", "my_logs.example.com", "a/", ()),
        ("abfs://$logs/a", "$logs", "a", ()),
        ("abfs://c@acc.dfs.core.windows.net/a", "c", "a", ()),
        ("abfss://c@acc.blob.core.chinacloudapi.cn/a", "c", "a", ()),
        ("s3://logs/a%20b c#d+é.log", "logs", "a%20b c#d+é.log", ()),
        ("s3://logs/access.log.?", "logs", "access.log.?", ()),
        ("s3://logs/dt=202?/h=1/*.gz", "logs", "dt=202?/h=1/*.gz", ()),
        ("s3://logs/a?region=eu-west-1", "logs", "a", (("region", "eu-west-1"),)),
        ("s3://logs/a?/b*?anonymous=true", "logs", "a?/b*", (("anonymous", "true"),)),
        (
            "s3://logs/a?endpoint_override=http://127.0.0.1:9000&scheme=http",
            "logs",
            "a",
            (("endpoint_override", "http://127.0.0.1:9000"), ("scheme", "http")),
        ),
    ],
)
def test_a_name_is_a_place_and_a_place_is_a_name(
    name: str, bucket: str, key: str, options: tuple[tuple[str, str], ...]
) -> None:
    place = place_of(name)
    assert (place.bucket, place.key, place.options) == (bucket, key, options)
    assert place_of(place.name) == place


def test_a_key_that_looks_like_options_is_still_a_key() -> None:
    place = place_of("s3://logs/").at("logs/odd?x=1.log")
    assert place.name == f"s3://logs/odd?x=1.log?{NOTHING}"
    assert place_of(place.name).key == "odd?x=1.log"
    assert source_of(place.name) == "s3://logs/odd?x=1.log"


SECRET = "SeKreT"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (f"s3://AKIA:{SECRET}@logs/a", "s3://logs/a: holds credentials; take them out, and give them by AWS_PROFILE"),
        (f"s3://AKIA:{SECRET}/x@logs/a", "s3://logs/a: holds credentials"),
        (f"s3://AKIA:{SECRET}/logs/a", "s3://…/logs/a: holds credentials"),
        (f"abfs://c:{SECRET}@acc.dfs.core.windows.net/a", "holds credentials; .* AZURE_STORAGE_KEY"),
        (f"s3://logs/a?secret_key={SECRET}", "S3 takes no option 'secret_key'; there are region, .* AWS_PROFILE"),
        (f"s3://logs/a?X-Amz-Signature={SECRET}&b=c", "takes no option 'X-Amz-Signature'"),
        (f"abfs://c@acc.blob.core.windows.net/a?sig={SECRET}", "takes no option 'sig'"),
        (f"s3://logs/a?endpoint_override=http://u:{SECRET}@h", "endpoint_override is not HOST:PORT"),
        (
            f"https://u:{SECRET}@logs.example/a?t={SECRET}",
            "https://logs.example/a: 'https://' is no place .* s3://…, gs",
        ),
        ("file:///var/log/nginx", "'file://' is no place that logs are read from"),
        ("s3a://logs/a", "'s3a://' is no place"),
        ("s3://", "names no bucket, or one that cannot be; name it as s3://bucket/key"),
        ("s3:///a", "names no bucket"),
        ("s3://lo*/a", "names no bucket, or one that cannot be"),
        ("gs://anonymous@logs/a", "names no bucket in the usual way"),
        ("s3://logs/a?anonymous=yes", "the option anonymous is not true or false"),
        ("s3://logs/a?scheme=ftp", "the option scheme is not http or https"),
        ("s3://logs/a?region=/etc", "the option region is not a region's name"),
        ("gs://logs/a?region=eu", "takes no option 'region'; there are endpoint_override"),
        ("s3://logs/log?date=*", r"takes no option 'date'.*a \? of a key is \[\?\]"),
    ],
)
def test_what_is_no_place_is_told_without_secrets(name: str, fault: str) -> None:
    with pytest.raises(UsageFault, match=fault) as raised:
        place_of(name)
    assert SECRET not in str(raised.value)
    assert SECRET not in shown(name)


@pytest.mark.parametrize(
    ("name", "environ", "endpoint"),
    [
        ("s3://logs/a", {}, None),
        ("s3://logs/a", {"AWS_ENDPOINT_URL": "http://localhost:9000/"}, Endpoint("http", "localhost:9000")),
        (
            "s3://logs/a",
            {"AWS_ENDPOINT_URL": "http://localhost:9000", "AWS_ENDPOINT_URL_S3": "https://minio.example"},
            Endpoint("https", "minio.example"),
        ),
        (
            "s3://logs/a?endpoint_override=minio:9000",
            {"AWS_ENDPOINT_URL": "http://localhost:9000"},
            Endpoint("https", "minio:9000"),
        ),
        ("s3://logs/a?endpoint_override=[::1]:9000&scheme=http", {}, Endpoint("http", "[::1]:9000")),
        ("gs://logs/a", {"AWS_ENDPOINT_URL": "http://localhost:9000"}, None),
        ("gs://logs/a", {"STORAGE_EMULATOR_HOST": "localhost:9023"}, Endpoint("http", "localhost:9023")),
    ],
)
def test_an_endpoint_is_named_by_an_option_or_the_environment(
    name: str, environ: dict[str, str], endpoint: Endpoint | None
) -> None:
    assert place_of(name).endpoint(environ) == endpoint


def test_an_endpoint_that_is_none_is_told_without_it() -> None:
    with pytest.raises(UsageFault, match="the endpoint is no http://HOST:PORT; mend it in the environment") as raised:
        place_of("s3://logs/a").endpoint({"AWS_ENDPOINT_URL": f"http://u:{SECRET}@h"})
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", ["access.log", "-", "s3", "s3:/logs/a", "a/s3://b", "http://logs/a"])
def test_what_is_no_name_of_a_store(name: str) -> None:
    assert not is_store(name)
    assert source_of(name) == name
    assert not store_of(name)


TREE = ("a.log", "b.gz", ".hidden.gz", "x/c.gz", "x/y/d.gz", "x/y/e.log", "x/.h/f.gz", "x/y/z/g1.gz", "x/w[1].gz")


@pytest.mark.parametrize(
    "pattern",
    [
        "*", "*.gz", "**", "**/*.gz", "x/**", "x/**/*.gz", "*/*.gz", "x/*/*.gz", "**/y/*", "**/y/**/*.gz", "?.gz",
        "[a-b].*", "[!a].*", ".*", "x/.h/*", "x/.*/*", "x/y/?/g[0-9].gz", "x/w[[]1].gz", "**/**/*.log", "x/y**", "n/*",
        "x/y/d.gz", "[z-a].gz", "[", "x/[",
    ],
)  # fmt: skip
def test_globs_are_those_of_files(pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    files = sorted({name for name in glob(pattern, recursive=True) if Path(name).is_file()})  # noqa: PTH207
    assert sorted(name for name in TREE if matches(name.split("/"), pattern.split("/"))) == files
    assert magic(pattern) or files == [pattern]

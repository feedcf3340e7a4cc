"""The story of an intrusion that we know: each stage at its time, the rest left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from echo.clientip import parse_config
from pipeline.engine.duckdb import Engine
from pipeline.errors import UsageFault
from pipeline.trace.stages import STAGE_OF_FAMILY, STAGES, Matched, lands, stage_of
from pipeline.trace.story import KEYS, neighbours_of
from tests.pipeline.trace import intrusion
from tests.pipeline.trace.intrusion import INTRUDER, READER, SECOND, START
from tests.pipeline.trace.stories import CONFIG, story_of

Build = Callable[[Iterable[dict[str, Any]]], Engine]


def test_every_stage_is_told_with_its_time_and_count(story: dict[str, Any]) -> None:
    found = {one["stage"]: ((one["first"] - START) / timedelta(minutes=1), one["requests"]) for one in story["stages"]}
    assert found == intrusion.STAGES
    assert list(found) == sorted(found, key=lambda stage: found[stage][0]), "in order of time"
    assert story["verdict"] == {"severity": "high", "stage": "login", "text": "reached: login after attack"}
    assert {one["stage"]: one["techniques"] for one in story["stages"]}["webshell"] == ["T1505.003"]
    samples = {one["stage"]: [sample["target"] for sample in one["samples"]] for one in story["stages"]}
    assert samples["success"] == ["/item?id=1+UNION+SELECT+password+FROM+users"]
    assert samples["webshell"] == [f"/files/x9.php?c={command}" for command in ("id", "uname+-a", "cat+/etc/passwd")]


def test_the_story_has_its_keys_and_adds_up(story: dict[str, Any]) -> None:
    assert list(story) == list(KEYS)
    requests = story["seen"]["requests"]
    assert requests == sum(row["client_ip"] == INTRUDER for row in intrusion.rows())
    assert sum(run["requests"] for run in story["timeline"]) == requests
    assert sum(sum(slots) for slots in story["hours"]["stages"].values()) == requests
    assert sum(one["requests"] for one in story["stages"]) == story["seen"]["hostile"]
    assert [run["pattern"] for run in story["timeline"] if run["stage"] == "webshell"] == ["/files/x9.php"]


def test_who_reads_pages_is_left_alone(engine: Engine) -> None:
    story = story_of(engine, READER)
    assert story["verdict"]["severity"] == "none"
    assert story["stages"] == []
    assert [(one["action"], one["target"]) for one in story["advice"]] == [("watch", "")]
    assert story["forged"] == []


def test_a_login_before_any_attack_is_no_stage(engine_of: Build) -> None:
    rows = [intrusion.request(n, READER, "/login", 302, user="carol", login="success") for n in range(3)]
    rows += [intrusion.request(10 + n, READER, f"/gone/{n}", 404) for n in range(20)]
    assert [one["stage"] for one in story_of(engine_of(rows), READER)["stages"]] == ["recon"]


def test_hops_and_forged_headers(story: dict[str, Any], engine: Engine) -> None:
    roles = {tuple((hop["text"], hop["role"]) for hop in way["hops"]): way["requests"] for way in story["ways"]}
    assert roles[("127.0.0.1", "claim"), (INTRUDER, "client"), (intrusion.BALANCER, "trusted")] == 20
    assert {one["sign"]: (one["requests"], one["samples"]) for one in story["forged"]} == {
        "inside": (20, ["127.0.0.1"])
    }
    assert all(way["judged"] == CONFIG.policy.id for way in story["ways"])
    assert {way["judged"] for way in story_of(engine, INTRUDER, config=None)["ways"]} == {"row"}


def test_another_policy_says_that_the_lake_has_another_client(engine: Engine) -> None:
    config = parse_config('[trust]\nranges = ["10.0.0.0/8", "203.0.113.0/24"]\n', "whofrom.toml")
    story = story_of(engine, INTRUDER, config=config)
    assert {way["client"] for way in story["ways"]} == {None, "127.0.0.1"}
    assert {way["recorded"] for way in story["ways"]} == {INTRUDER}
    assert [(one["action"], one["target"]) for one in story["advice"]] == [("fix", INTRUDER)]


def test_what_to_block(story: dict[str, Any], engine: Engine) -> None:
    assert [(one["action"], one["target"]) for one in story["advice"]] == [("block", INTRUDER)]
    both = story_of(engine, "203.0.113.0/24")
    assert [(one["action"], one["target"]) for one in both["advice"]] == [("block", INTRUDER), ("block", SECOND)]
    assert both["seen"]["clients"] == 2


def test_a_user_is_traced_over_addresses(engine: Engine) -> None:
    story = story_of(engine, "admin", "user")
    assert [one["value"] for one in story["values"]["client"]] == [INTRUDER]
    assert [one["stage"] for one in story["stages"]] == ["guessing", "login"]
    assert (story["advice"][0]["action"], story["advice"][0]["target"]) == ("lock", "admin")


def test_a_system_and_a_request(engine_of: Build) -> None:
    rows = [{**row, "request_id": f"r-{n}"} for n, row in enumerate(intrusion.rows()[:50])]
    engine = engine_of(rows)
    assert story_of(engine, "AS64496")["seen"]["requests"] == 50
    story = story_of(engine, "r-7", "request")
    assert story["seen"]["requests"] == 1
    assert len(story["timeline"]) == 1
    assert story_of(engine, "0" * 32, "request")["seen"] is None
    client = story["values"]["client"][0]["value"]
    assert ("trace", client) in {(one["action"], one["target"]) for one in story["advice"]}


def test_what_is_too_much_for_a_story_is_said_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.trace.scan.MAX_ROWS", 10)
    with pytest.raises(UsageFault, match="more than 10 requests, too many for a trace; narrow it with --since"):
        story_of(engine, "0.0.0.0/0")


@pytest.mark.parametrize(
    ("network", "clients"),
    [
        ("203.0.113.64/28", 2), ("203.0.113.66/31", 1), ("203.0.113.68/30", 1), ("0.0.0.0/0", 23), ("::/0", 1),
        ("2001:db8::/47", 1), ("2001:db8:2::/48", None), ("203.0.112.0/24", None),
    ],
)  # fmt: skip
def test_networks_begin_and_end_where_they_do(network: str, clients: int | None, engine: Engine) -> None:
    seen = story_of(engine, network)["seen"]
    assert (seen and seen["clients"]) == clients


def test_a_network_of_many_clients_is_read_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    few = story_of(engine, "0.0.0.0/0")
    monkeypatch.setattr("pipeline.trace.scan.MAX_SCANS", 3)
    several = story_of(engine, "0.0.0.0/0")
    monkeypatch.setattr("pipeline.trace.scan.MAX_MEMBERS", 3)
    assert story_of(engine, "0.0.0.0/0") == several == few


def test_a_period(engine: Engine) -> None:
    story = story_of(engine, INTRUDER, since=START + timedelta(minutes=30))
    assert [one["stage"] for one in story["stages"]] == ["guessing", "login"]
    before = story_of(engine, INTRUDER, until=START)
    assert before["seen"] is None
    assert before["near"]["outside"] == {
        "requests": 48, "first_ts": START, "last_ts": START + timedelta(minutes=38)
    }  # fmt: skip
    assert "outside" not in story_of(engine, "203.0.113.5")["near"]


def test_who_has_no_requests_turns_up_elsewhere(engine: Engine) -> None:
    near = story_of(engine, "203.0.113.5")["near"]
    assert [row["client_ip"] for row in near["neighbours"]] == [INTRUDER, SECOND]
    near = story_of(engine, intrusion.BALANCER)["near"]
    assert near["as_peer"]["clients"] == 24
    near = story_of(engine, "127.0.0.1")["near"]
    assert [(row["client_ip"], row["requests"]) for row in near["claimed"]] == [(INTRUDER, 20)]
    assert story_of(engine, "9.9.9.9")["near"]["neighbours"] == []


def test_one_page_that_answers_everything_is_said(engine_of: Build) -> None:
    rows = [intrusion.request(n, INTRUDER, f"/{n}?q=%3Cscript%3E", 200, signatures=["sqli-union"]) for n in range(9)]
    rows.append(intrusion.request(9, READER, "/gone", 404))
    story = story_of(engine_of(rows), INTRUDER)
    (stage,) = story["stages"]
    assert stage["note"].startswith("all 9 answers have 5,000 bytes")
    assert stage["severity"] == story["verdict"]["severity"] == "high"


def test_a_site_that_has_everything_may_answer_anything(engine_of: Build) -> None:
    rows = [intrusion.request(n, INTRUDER, f"/{n}.php?c=id", 200, signatures=["sqli-union"]) for n in range(3)]
    story = story_of(engine_of(rows), INTRUDER)
    (stage,) = story["stages"]
    assert stage["note"].startswith("the site may answer anything")
    assert stage["severity"] == story["verdict"]["severity"] == "low"
    assert story["verdict"]["text"] == "reached: success after attack, if the site does not answer anything"


def test_an_empty_lake(engine_of: Build) -> None:
    story = story_of(engine_of([]), INTRUDER)
    assert story["seen"] is None
    assert (story["stages"], story["timeline"], story["ways"], story["advice"]) == ([], [], [], [])


def test_families_that_are_not_known_are_attempts() -> None:
    assert set(STAGE_OF_FAMILY.values()) <= set(STAGES)


@pytest.mark.parametrize(
    ("matched", "stage", "gets_something"),
    [
        ([], "", False),
        ([("sqli", "high")], "exploit", True),
        ([("sensitive", "medium")], "enumeration", True),
        ([("admin", "low")], "recon", False),
        ([("agent", "medium")], "recon", False),
        ([("agent", "medium"), ("rce", "high")], "exploit", True),
        ([("xss", "high")], "exploit", False),
        ([("xss", "low")], "recon", False),  # what a user may write in a search box
        ([("agent", "info")], "", False),
        ([("backdoor", "medium")], "webshell", False),
    ],
)
def test_the_stage_of_what_a_request_matched(matched: list[tuple[str, str]], stage: str, gets_something: bool) -> None:
    found = [Matched(*one) for one in matched]
    assert (stage_of(found), lands(found)) == (stage, gets_something)


def test_rows_that_were_not_judged_are_judged_now(engine_of: Build) -> None:
    rows = [{**row, "signatures": None} for row in intrusion.rows()]
    found = {one["stage"] for one in story_of(engine_of(rows), INTRUDER)["stages"]}
    assert found >= {"recon", "enumeration", "exploit", "success", "webshell", "guessing", "login"}


KNOWN = {"sqli-union": Matched("sqli", "high"), "agent-library": Matched("agent", "info")}
NEIGHBOUR = {
    "client_ip": "203.0.113.7", "signs": "", "requests": 40, "answered": 40, "refused": 0, "refused_paths": 0,
    "denied": 0, "users": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "hostile", "serious", "good"),
    [
        ([{}], 0, 0, 40),
        ([{"signs": "agent-library"}], 0, 0, 40),  # what is for information is ordinary
        ([{"signs": "gone-by-now"}], 0, 0, 40),
        ([{"signs": "sqli-union", "requests": 9, "answered": 3}], 9, 9, 0),
        ([{}, {"signs": "sqli-union", "requests": 9, "answered": 3}], 9, 9, 40),  # two behind one address, it seems
        ([{"answered": 20, "refused": 20, "refused_paths": 15}], 20, 0, 0),
        ([{"answered": 35, "refused": 5, "refused_paths": 5}], 0, 0, 35),  # few of what it asked for
        ([{"answered": 0, "refused": 40, "refused_paths": 2}], 0, 0, 0),  # one page that is gone
        ([{"answered": 34, "denied": 6}], 6, 0, 34),
        ([{"answered": 0, "requests": 6, "denied": 6}], 6, 0, 0),
        ([{"denied": 6, "requests": 6, "answered": 3, "users": 1}], 6, 0, 3),  # who got in at last is a user
    ],
)
def test_neighbours_are_judged_by_their_sums(
    parts: list[dict[str, Any]], hostile: int, serious: int, good: int
) -> None:
    (found,) = neighbours_of([NEIGHBOUR | part for part in parts], KNOWN)
    assert (found.hostile, found.serious, found.good) == (hostile, serious, good)

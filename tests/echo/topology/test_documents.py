"""From bytes to objects: what is JSON, what is a list, and what is neither."""

from __future__ import annotations

import json

import pytest

from echo.clientip import Fault
from echo.topology.documents import documents, objects
from echo.topology.view import Complaints
from tests.echo.topology.clusters import Json, listed, node

A = node("a", ["192.0.2.4"])


def read(data: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """Return kind and name of each object, and what was said."""
    say = Complaints()
    found = [
        (kind, view.text("metadata", "name"))
        for document in documents(data, "x.json")
        for kind, view in objects(document, "x.json", say)
    ]
    return found, say.lines()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_shells_write(encoding: str) -> None:
    """PowerShell's `>` writes UTF-16 with a byte order mark."""
    assert read(json.dumps(A).encode(encoding)) == ([("Node", "a")], [])


def test_documents_behind_one_another() -> None:
    text = json.dumps(A, indent=2) + "\n" + json.dumps(listed(A, A)) + json.dumps(A) + " \n\t"
    assert [one for one in read(text.encode())[0] if one[0] == "Node"] == [("Node", "a")] * 4


def test_items_of_a_typed_list_take_its_kind() -> None:
    """As the API itself writes it, `kubectl get --raw`."""
    bare = {key: value for key, value in A.items() if key not in ("kind", "apiVersion")}
    found, said = read(json.dumps({"kind": "NodeList", "items": [bare]}).encode())
    assert (found, said) == ([("NodeList", ""), ("Node", "a")], [])


FAULTS = [
    (b"", None),
    (b" \n", None),
    (
        b"apiVersion: v1\nkind: List\n",
        "x.json line 1 column 1: no JSON: Expecting value; write it with -o json: kubectl",
    ),
    (b'{"kind": "Node"', "x.json line 1 column 16: no JSON"),
    (b'{}\n{"a": \x01}', "x.json line 2 column 7: no JSON"),
    (b"NAME  STATUS\nnode  Ready\n", "x.json line 1 column 1: no JSON"),
    (b"\xff\xfe\xfd", "x.json: byte 2 is not UTF-8"),
    (b"\x80", "x.json: byte 0 is not UTF-8"),
    (b"[" * 200_000, "x.json: nested deeper than any object of Kubernetes; write it anew: kubectl"),
    (b"9" * 5_000, "x.json: a number in it is too long"),
    (b'{"kind": "Node"} garbage', "x.json line 1 column 18: no JSON"),
]


@pytest.mark.parametrize(("data", "said"), FAULTS, ids=[str(row[0][:20]) for row in FAULTS])
def test_what_is_no_json_ends_the_run_with_the_place(data: bytes, said: str | None) -> None:
    if said is None:
        assert read(data) == ([], [])
        return
    with pytest.raises(Fault) as fault:
        read(data)
    assert str(fault.value).startswith(said)
    assert fault.value.exit_code == 1


PASSED_OVER = [
    ([1], "x.json: a list where an object of Kubernetes was expected; passed over"),
    ("text", "x.json: a text where"),
    (None, "x.json: nothing where"),
    (True, "x.json: true or false where"),
    (1.5, "x.json: a number where"),
    ({}, "x.json: an object without a kind; passed over: is it kubectl's own output?"),
    ({"kind": 1}, "x.json: kind is a number, not a text; passed over"),
    ({"kind": "List", "items": [7]}, "x.json item 1: a number where"),
    ({"kind": "List", "items": {}}, "x.json: items is an object, not a list"),
    ({"kind": "List", "items": [{"kind": "List", "items": [{}]}]}, "x.json item 1 item 1: an object without a kind"),
]


@pytest.mark.parametrize(("document", "said"), PASSED_OVER, ids=[row[1] for row in PASSED_OVER])
def test_what_is_no_object_is_said_and_passed_over(document: object, said: str) -> None:
    lines = read(json.dumps(document).encode())[1]
    assert any(line.startswith(said) for line in lines), lines


def test_lists_within_lists_have_an_end() -> None:
    document: Json = A
    for _ in range(100):
        document = listed(document)
    found, said = read(json.dumps(document).encode())
    assert ("Node", "a") not in found
    assert "more than 8 lists within one another; passed over" in said[0]

"""The runner of pages itself: what it reads of a page, and that it sees a page that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import run as running
from tests.docs.page import Block, Step, acts, matches
from tests.docs.run import WrongPage, run
from tests.docs.stage import exchanged

PAGE = """\
Words.

`a/settings.toml`:

```toml
x = 1
```

```console
$ export KEPT=yes
$ cat > b <<'EOF'
$ no command
EOF
$ wc -l < b; cat a/settings.toml
1
x = 1
$ for n in 1 2; do
    echo $n
  done
1
2
$ echo a \\
    b
a b
$ cd a; echo $KEPT; pwd
yes
.../a
$ (exit 7)
$ echo $?
7
$ [ -t 1 ] && tput cols
100
```
"""


def ran(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "read", lambda _: text)
    run("page.md", folder)


def test_what_a_reader_does_is_read_in_order() -> None:
    found = list(acts(PAGE))
    assert isinstance(found[0], Block)
    assert (found[0].file, found[0].text) == ("a/settings.toml", "x = 1\n")
    commands = [one for one in found if isinstance(one, Step)]
    assert [one.line for one in commands] == [10, 11, 14, 17, 22, 25, 28, 29, 31]
    assert commands[1].command == "cat > b <<'EOF'\n$ no command\nEOF"
    assert commands[2].expected == "1\nx = 1\n"


def test_a_true_page_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(PAGE, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("```console\n$ echo a\nb\n```\n", "page.md:2: $ echo a\nthe first line that it does not print: b"),
        ("```console\n$ echo a; echo b\na\n```\n", "it prints more than the page says"),
        ("```console\n$ true\n$ false\n```\n", "page.md:3: $ false\nended with 1"),
        ("`../x.toml`:\n\n```toml\n```\n\n```console\n$ true\n```\n", "outside of the reader's folder"),
        ("```console\n$ make no-such-thing\n```\n", "no target no-such-thing"),
        ("```console\n$ (trap 'exit 5' TERM; echo up; while true; do sleep 0.1; done) &\nup\n```\n", "ended with 5"),
    ],
)
def test_a_wrong_page_is_seen(text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongPage) as caught:
        ran(text, tmp_path, monkeypatch)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\n", "a   \n", True),
        ("a...c\n", "a b\nb c\n", True),
        ("a.c\n", "abc\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_dots_stand_for_anything(expected: str, actual: str, *, same: bool) -> None:
    assert matches(expected, actual) is same


def test_ports_keep_their_widths() -> None:
    free = exchanged("serve --port 8080; curl localhost:8080 127.0.0.1:18443; from 203.0.113.7:4711")
    assert list(free) == ["8080", "18443"]
    assert [len(port) for port in free.values()] == [4, 5]

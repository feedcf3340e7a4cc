"""RE2's patterns as Java's: the text of each; that both find the same is tried on Spark, in tests/spark."""

from __future__ import annotations

import pytest

from pipeline.engine.patterns import java

# a pattern of RE2's -> Java's
SAME = (
    "", "a|b", "(a|b)*?c", "a{2}", "a{2,}?", "^x", r"\.css\z", r"\p{L}", r"\d+\w\W", r"[^\n]", "[-a]", "[a-]",
    r"[\w.-]+", "(?:a)", "(?s)a.b", "(?s:.)", "é", "it's # \"x\"", r"\x41", r"\x{1F600}", r"[$.]", r"\\", r"(?i)[a-d]",
    "(?i)i",
)  # fmt: skip
OTHERWISE = {
    "realistic": {
        "a$": r"a\z",
        "a.b": r"a[^\n]b",
        r"\s+": r"[\t\n\f\r ]+",
        r"[\s,]": r"[\t\n\f\r ,]",
        r"\S": r"[^\t\n\f\r ]",
        r"\bab": r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))ab",
        "(?i)css": "(?i)c[s\u017f][s\u017f]",
        "(?i)[a-z]": "(?i)[a-z\u017f\u212a]",
        "(?i)[^K]": "(?i)[^K\u212a]",
        "[[:alpha:]_]": r"[\p{Alpha}_]",
        "[[:^digit:]]": r"[\P{Digit}]",
        "[[:word:]]": r"[\w]",
        "(?P<name>a)": "(a)",
        r"(?i)\.(css|jpe?g)$": "(?i)\\.(c[s\u017f][s\u017f]|jpe?g)\\z",
    },
    "synthetic": {
        "(?m)^a$": r"(?m)(?<![^\n])a(?![^\n])",
        "(?i:s)s": "(?i:[s\u017f])s",
        "(?i)s(?-i)s": "(?i)[s\u017f](?-i)s",
        "((?i)s)s": "((?i)[s\u017f])s",
        "(?i)é": "(?i)(?u:é)",
        "(?i)[é-ü]": "(?i)(?u:[é-ü])",
        r"\p{Greek}": r"\p{IsGreek}",
        r"\p{^Greek}": r"\P{IsGreek}",
        r"\pN": r"\p{N}",
        r"\v": r"\x0B",
        r"\101": r"\x{41}",
        r"\Qa.b\E.": r"a\.b[^\n]",
        r"\Qa.": r"a\.",
    },
    "pathological": {
        "[[a]": r"[\[a]",
        "[]a]": r"[\]a]",
        "[^]a]": r"[^\]a]",
        "[a&&b]": r"[a\&\&b]",
        "a{": r"a\{",
        "{a}": r"\{a\}",
        "a{,2}": r"a\{,2\}",
        "a]": r"a\]",
    },
}


@pytest.mark.parametrize("pattern", SAME)
def test_most_say_the_same_in_both(pattern: str) -> None:
    assert java(pattern) == pattern


@pytest.mark.parametrize(("pattern", "text"), [one for table in OTHERWISE.values() for one in table.items()])
def test_what_says_another_thing_is_written_otherwise(pattern: str, text: str) -> None:
    assert java(pattern) == text


@pytest.mark.parametrize("pattern", ["(?=a)", "(?U)a+", "(?<!a)", "[a", "[[:nothing:]]"])
def test_what_java_has_not_is_a_fault(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"is not there|has no end"):
        java(pattern)

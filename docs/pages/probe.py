"""docs/reference/probe.md: what a probe sends and says."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.probe.canaries import CANARIES
from echo.probe.client import MAX_RATE
from echo.probe.connections import CONNECTIONS
from echo.probe.fates import FATES
from echo.probe.outcomes import NOTES, OUTCOMES, PRACTICES


def page() -> str:
    """Return what a probe sends, and what it says."""
    blocks = {"doc": "192.0.2", "public": "192.31.196", "private": "10.213.86", "v6": "2001:db8:213:86"}
    sent = (
        (
            f"`{one.code}`",
            "<br>".join(f"`{one.header}: {value.format_map(blocks)}`" for value in one.values),
            one.reader,
        )
        for one in CANARIES
    )
    return (
        "# whofrom probe: does my address arrive?\n\n"
        "`whofrom probe URL` runs where a client is and asks the whofrom at URL: first plain requests (`-n`), each on\n"
        "a connection of its own, then one request for each line of the table below, with that header alone, at last\n"
        "several on one connection. From how each arrived it says what the path does with the headers, whether the\n"
        "server believes a forged one, and whether the client's own address arrives. GET alone, to that URL alone,\n"
        f"at most {MAX_RATE} a second; redirects are not followed, no proxy of the environment is used. A\n"
        "traefik/whoami can be asked as well: it shows what arrives and names no client.\n\n"
        "## What is sent\n\nThe addresses are nobody's: of ranges for documentation, and of one for DNS sinks, since\n"
        "some strategies skip the former. If the path uses such addresses itself, others are taken. A header that the\n"
        "server reads (it says so) and that is not in the table is tried too.\n\n"
        + table(("code", "header", "who believes it"), sent)
        + "\n## Verdicts\n\nWhat stands in braces is filled in.\n\n"
        + table(
            ("code", "verdict", "exit", "meaning", "to do"),
            ((f"`{one.code}`", one.word, one.exit, one.says, one.todo or "–") for one in OUTCOMES.values()),
        )
        + "\n## What becomes of a header (`fate`)\n\n"
        + table(("code", "in the text", "meaning"), ((f"`{code}`", *words) for code, words in FATES.items()))
        + "\nBeside it: `copied`, the other headers in which its address turned up; `taken`, a proxy wrote it where\n"
        "it writes its client; `believed`, the server named it as the client; `hidden`, the server then named nobody.\n"
        "\n## What the path does (`practices`)\n\n"
        + table(("code", "meaning"), ((f"`{code}`", words) for code, words in PRACTICES.items()))
        + "\n## Connections (`connections`)\n\n"
        + table(("code", "meaning"), ((f"`{code}`", words) for code, words in CONNECTIONS.items()))
        + "\n## Remarks (`notes`)\n\n"
        + table(("code", "meaning"), ((f"`{code}`", words) for code, words in NOTES.items()))
    )

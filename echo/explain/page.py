"""
An explanation as a page: one file, no script, nothing from elsewhere.

1. Everything that came from the client goes through `echo.explain.markup`, is cut, and changes nothing but the text
   that it is. No address of a link is the client's: links lead to the documents of the findings, and to other forms.
2. What is secret is not shown, since pages get shared: the JSON has it.
3. The verdict first, in words, by a sign and by colour; then the picture, why, and what to do.
"""

import base64
import hashlib
from importlib.resources import files

from echo.clientip.faults import printable
from echo.explain.explanation import Explanation, spelled
from echo.explain.findings import FINDINGS, VERDICTS
from echo.explain.glossary import SNAT, Word, words_in
from echo.explain.markup import Markup, cut, element, join, lines, prose
from echo.explain.others import Other
from echo.explain.picture import PEERS, picture
from echo.explain.report import MAX_ASKED, MAX_SENT, VERDICT_WORDS, answer_text, client_text, policy_text
from echo.record import REDACTED_HEADERS

MAX_TARGET = 300  # of the request line: a link's length
MAX_FIELDS = 100  # of the request's headers: Go's and nginx's clients send a dozen
MAX_NAME, MAX_VALUE = 80, 500  # of a header: a long user agent is 300, and who wants a whole cookie takes the JSON
# sign -> paths in a square of 24
SIGNS = {
    "yes": "M4 12.5l5.5 5.5L20 6.5",
    "no": "M5.5 5.5l13 13M18.5 5.5l-13 13",
    "unsure": "M7.5 8.5a4.5 4.5 0 1 1 7 3.7c-1.7 1.1-2.5 2-2.5 4M12 20v.1",
    "beware": "M12 4v10.5M12 19.5v.1",
}
# verdict -> sign, which is also the colour's name
SIGN_OF = {
    "preserved-at-socket": "yes",
    "preserved-in-header": "yes",
    "untrusted-header": "beware",
    "lost": "no",
    "ambiguous": "unsure",
    "forged": "no",
    "malformed": "beware",
}
LINKED = frozenset(one.reference for one in FINDINGS.values() if one.reference.startswith("https://"))
UNFORGEABLE, FORGEABLE = "no header can forge this", "the client could have written this"


STYLE = files(__package__).joinpath("page.css").read_text("utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# what the page is sent with: it may load and run nothing but its own style, and stand in no other page
PAGE_HEADERS = (
    (
        b"Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'".encode(),
    ),
    (b"Content-Type", b"text/html; charset=utf-8"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"X-Content-Type-Options", b"nosniff"),
)


def explain_html(explanation: Explanation) -> bytes:
    """Return the explanation as a page."""
    finding = explanation.finding
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{VERDICT_WORDS[finding.verdict]} ({finding.code}) · whofrom"),
        element("style", Markup(STYLE)),
    )
    main = element(
        "main",
        _verdict(explanation),
        _way(explanation),
        element("div", _why(explanation), _remedy(explanation), class_="columns"),
        _others(explanation),
        _policy(explanation),
        _request(explanation),
        _words(explanation),
    )
    body = element("body", main, _footer())
    page = f"<!doctype html>\n{element('html', head, body, lang='en')}\n"
    return page.encode("utf-8", "backslashreplace")


def _verdict(explanation: Explanation) -> Markup:
    finding = explanation.finding
    sign = SIGN_OF[finding.verdict]
    mark = element("svg", element("path", d=SIGNS[sign]), class_="sign", viewBox="0 0 24 24", aria_hidden="true")
    return element(
        "header",
        mark,
        element(
            "h1",
            element("span", VERDICT_WORDS[finding.verdict], class_="word"),
            " ",
            element("span", finding.title, class_="title"),
        ),
        element("p", element("strong", "The client: "), client_text(explanation), ".", class_="client"),
        element("p", VERDICTS[finding.verdict], class_="meaning"),
        element("p", "finding ", element("code", finding.code), class_="code"),
        class_=f"verdict {sign}",
    )


def _way(explanation: Explanation) -> Markup:
    heading = "The way of the request"
    note = "From the far end to this server. Dashed: what nobody vouches for."
    return element("section", element("h2", heading), element("p", note, class_="note"), picture(explanation))


def _why(explanation: Explanation) -> Markup:
    cause = explanation.finding.cause
    parts = [element("h2", "Why"), element("p", prose(cause))]
    parts += [_snat(word) for word in words_in(cause) if word.word == SNAT]
    if explanation.candidates:
        stories = [
            element(
                "li", one.words, *([" – the client is then ", element("code", str(one.client))] if one.client else [])
            )
            for one in explanation.candidates
        ]
        parts += [element("h2", "Who it may be"), element("ol", *stories, class_="stories")]
    if explanation.evidence:
        seen = [
            element(
                "li",
                one.words,
                " ",
                element(
                    "span",
                    FORGEABLE if one.forgeable else UNFORGEABLE,
                    class_=f"chip {'no' if one.forgeable else 'yes'}",
                ),
            )
            for one in explanation.evidence
        ]
        parts += [element("h2", "What was seen"), element("ul", *seen, class_="evidence")]
    return element("section", *parts)


def _snat(word: Word) -> Markup:
    return element("p", element("dfn", word.word), f": {word.meaning}", class_="note")


def _remedy(explanation: Explanation) -> Markup:
    finding = explanation.finding
    parts = [element("h2", "What to do"), element("p", prose(finding.remedy))]
    if finding.manifest:
        pasted = element("pre", lines(finding.manifest), class_="manifest", tabindex="0")
        parts += [element("p", "To copy: a click selects all of it.", class_="note"), pasted]
    more = []
    if finding.section:
        more.append(element("li", "docs/how-to/topologies.md, section ", element("span", finding.section, lang="zh")))
    if finding.reference in LINKED:
        more.append(element("li", element("a", finding.reference, href=finding.reference, rel="noreferrer")))
    elif finding.reference:
        more.append(element("li", element("code", finding.reference), " in the sources"))
    if more:
        parts += [element("h2", "To read more"), element("ul", *more)]
    return element("section", *parts)


def _others(explanation: Explanation) -> Markup:
    heading = element("h2", "What other programs would say")
    if not explanation.others:
        asked = join(
            "Not asked: ", element("a", "?as=all", href="?as=all"),
            " asks nginx, Envoy, Traefik, Rails and others what they would make of the same request.",
        )  # fmt: skip
        return element("section", heading, element("p", asked))
    note = "Given the same request and the same trusted ranges. Steerable: an outsider could have chosen the answer."
    rows = [_other_row(other) for other in explanation.others]
    head = element("tr", *(element("th", name, scope="col") for name in ("program", "would say", "beside us")))
    steered = dict.fromkeys(other.steered for other in explanation.others if other.steered)
    ways = [element("p", "An outsider could choose a steerable answer by:")] if steered else []
    if steered:
        ways.append(element("ul", *(element("li", one) for one in steered)))
    table = element("table", element("thead", head), element("tbody", *rows), class_="others")
    return element("section", heading, element("p", note, class_="note"), table, *ways)


def _other_row(other: Other) -> Markup:
    marks = [*([] if other.agrees else ["differs"]), *(["steerable"] if other.steered else [])]
    chips = [join(element("span", mark, class_="chip no"), " ") for mark in marks] or [
        element("span", "agrees", class_="chip yes")
    ]
    return element(
        "tr",
        element("th", element("code", other.name), element("small", other.meaning), scope="row"),
        element("td", element("bdi", cut(answer_text(other), MAX_ASKED + MAX_SENT), class_="value")),
        element("td", *chips),
    )


def _policy(explanation: Explanation) -> Markup:
    resolution = explanation.resolution
    came = f"It took {resolution.client}" if resolution.client else "It took nobody"
    if resolution.client and resolution.source:
        came += f" from {'the connection' if resolution.source in PEERS else spelled(resolution.source)}"
    decided = element("p", f"{came}: ", resolution.reason.meaning, " (", element("code", resolution.reason.code), ")")
    return element("section", element("h2", "The policy in force"), element("p", policy_text(explanation)), decided)


def _request(explanation: Explanation) -> Markup:
    arrival, (identity, number) = explanation.arrival, explanation.connection
    ends = [f"from {printable(arrival.peer)}" if arrival.peer else "through a UNIX socket"]
    if arrival.proxied:
        ends.append(f"a PROXY header said {printable(arrival.proxied)}")
    if identity:
        ends.append(f"request {number} of connection {printable(identity)}")
    parts = [element("h2", "The request, as it arrived")]
    if explanation.asked:
        parts.append(element("p", element("bdi", cut(explanation.asked, MAX_TARGET), class_="value")))
    parts.append(element("p", ", ".join(ends), class_="note"))
    fields = arrival.headers
    if fields:
        rows = [_field_row(name, value) for name, value in fields[:MAX_FIELDS]]
        parts.append(element("table", element("tbody", *rows), class_="fields"))
    if len(fields) > MAX_FIELDS:
        parts.append(element("p", f"… and {len(fields) - MAX_FIELDS:,} more headers", class_="note"))
    return element("section", *parts)


def _field_row(name: str, value: str) -> Markup:
    if name.lower() in REDACTED_HEADERS and value:
        shown = element("em", f"{len(value):,} characters, not shown here since pages get shared; the JSON has them")
    else:
        shown = element("bdi", cut(value, MAX_VALUE), class_="value")
    return element(
        "tr", element("th", element("bdi", cut(name, MAX_NAME), class_="value"), scope="row"), element("td", shown)
    )


def _words(explanation: Explanation) -> Markup:
    finding = explanation.finding
    said = [finding.title, finding.cause, finding.remedy, *(one.words for one in explanation.candidates)]
    said += [view.meaning.words for view in explanation.hops]
    explained = {SNAT} if SNAT in {word.word for word in words_in(finding.cause)} else set()
    found = [word for word in words_in(" ".join(said)) if word.word not in explained]
    if not found:
        return Markup()
    items = [join(element("dt", one.word), element("dd", one.meaning)) for one in found]
    return element("section", element("h2", "Words used here"), element("dl", *items), class_="words")


def _footer() -> Markup:
    words = [
        "The same as text: ",
        element("code", "curl URL"),
        ", or ",
        element("a", "?format=text", href="?format=text"),
        ". For programs: ",
        element("a", "?format=json", href="?format=json"),
        ".",
    ]
    return element("footer", element("p", *words))

"""/explain as a page."""

import base64
import hashlib
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.clientip import parse_config
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain import FINDINGS, Explainer, explain_html
from echo.explain.explanation import Candidate
from echo.explain.findings import STORIES, VERDICTS
from echo.explain.glossary import GLOSSARY, SNAT, words_in
from echo.explain.markup import cut, element, prose
from echo.explain.page import LINKED, MAX_FIELDS, MAX_VALUE, PAGE_HEADERS, SIGN_OF, STYLE
from echo.explain.picture import BROKEN, DASHED, HIDDEN, HOP, SERVER, SOLID, SOMEBODY, way
from echo.explain.report import VERDICT_WORDS
from echo.extras import refused_header, with_added_headers
from echo.handshake import Handshake
from echo.request import Connection
from echo.routes import NO_STORE, App, route_of
from echo.wire import parse_head
from tests.echo.explain.pages import HOSTILE, Page

NETWORK = """
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16"]
node_pod_prefix = 26
services = ["172.18.240.0/20"]
load_balancers = ["100.64.0.0/10"]
ingress = ["172.18.0.17"]
"""
TRUST = '[trust]\nranges = ["load_balancers", "ingress"]\n'
CLIENT, FORGED, NODE, INGRESS = "81.2.69.142", "1.2.3.4", "192.168.0.17", "172.18.0.17"
FAR = Handshake(61, 1460, 900)  # three routers between: more than from any node of the cluster
LINKS = LINKED | {"?as=all", "?format=json", "?format=text"}
MAX_PAGE_BYTES = 512 << 10  # whatever is sent; a page of plain headers is 20 KiB

# (code of the finding, TOML, peer, X-Forwarded-For fields, other fields, handshake)
ARRIVALS = [
    ("socket-public", NETWORK + TRUST, CLIENT, [], {}, FAR),
    ("socket-pod", NETWORK, "172.18.0.10", [], {}, Handshake()),
    ("snat-at-node", NETWORK + TRUST, NODE, [], {}, FAR),
    ("snat-suspected", NETWORK + TRUST, NODE, [], {}, Handshake()),
    ("socket-private", "", "10.9.9.9", [], {}, Handshake()),
    ("proxy-without-header", NETWORK + TRUST, "100.64.0.5", [], {}, Handshake()),
    ("header-trusted", NETWORK + TRUST, INGRESS, [CLIENT], {}, Handshake()),
    ("header-trusted-claims-ignored", NETWORK + TRUST, INGRESS, [f"{FORGED}, {CLIENT}"], {}, Handshake()),
    ("snat-before-proxy-suspected", NETWORK + TRUST, INGRESS, [f"{FORGED}, {NODE}"], {}, Handshake()),
    ("over-trusting-proxy", NETWORK + TRUST, INGRESS, [f"{FORGED}, {CLIENT}"], {"X-Real-IP": FORGED}, Handshake()),
    ("header-from-stranger", NETWORK + TRUST, CLIENT, [FORGED], {}, Handshake()),
    ("hop-invalid", NETWORK + TRUST, INGRESS, ["unknown"], {}, Handshake()),
    ("all-trusted", '[trust]\nranges = ["private"]\n', "10.0.0.1", ["10.0.0.2"], {}, Handshake()),
    ("peer-no-address", NETWORK, None, [], {}, Handshake()),
]


def explained(toml, peer, chain=(), more=(), handshake=None, *, names="", asked="GET /explain", proxied=None):
    """Return the explanation of a request."""
    fields = [("Host", "echo.example"), *(("X-Forwarded-For", field) for field in chain), *more]
    end = f"[{peer}]:40000" if peer and ":" in peer else f"{peer}:40000" if peer else None
    spoken = parse_names(names, DIALECTS) if names else ()
    return Explainer(parse_config(toml, "whofrom.toml")).explain(
        asked, Arrival(end, fields, proxied), spoken, handshake=handshake or Handshake(), connection=("3f2b9c", 2)
    )


def read(explanation) -> Page:
    """Return the page of an explanation, checked."""
    page = explain_html(explanation)
    assert len(page) <= MAX_PAGE_BYTES
    found = Page(page)
    found.check(LINKS)
    return found


def drawn(explanation) -> list[tuple[str, str, str]]:
    """Return the boxes of the picture: what each is, its address, the arrow that leads to it."""
    return [(one.kind, one.view.hop.text if one.view else "", one.arrow) for one in way(explanation)]


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "toml", "peer", "chain", "more", "handshake"), ARRIVALS, ids=[row[0] for row in ARRIVALS]
)
def test_an_arrival(code, toml, peer, chain, more, handshake):
    """The page says all that the text says: verdict, client, each hop, why, who, what was seen, what to do."""
    explanation = explained(toml, peer, chain, more.items(), handshake)
    finding = explanation.finding
    assert finding.code == code
    page = read(explanation)
    assert page.by["title"][0] == f"{VERDICT_WORDS[finding.verdict]} ({code}) · whofrom"
    for said in (finding.title, VERDICTS[finding.verdict], finding.section, finding.reference):
        assert " ".join(said.split()) in page.text
    for view in explanation.hops:
        assert (view.hop.text or "no address") in page.by["bdi"]
        assert view.meaning.words in page.text
        assert f"({view.meaning.source})" in page.text
    for one in explanation.candidates:
        in_picture = finding.verdict in ("lost", "ambiguous")
        assert page.text.count(one.words) >= 1 + in_picture
    for piece in explanation.evidence:
        assert piece.words in page.text
    assert page.text.count("the client could have written this") == sum(one.forgeable for one in explanation.evidence)
    assert ("the client's address was lost here" in page.text) is bool(explanation.lost_at)
    assert page.roles().count("img") == bool(explanation.lost_at)
    assert ("To copy" in page.text) is bool(finding.manifest)


def test_every_finding_has_a_page():
    """Each finding is told whole, with its stories, its manifest and where to read more."""
    base = explained(NETWORK + TRUST, INGRESS, [f"{FORGED}, {NODE}"])
    assert set(SIGN_OF) == set(VERDICTS)
    for code, finding in FINDINGS.items():
        stories = tuple(Candidate(story, STORIES[story].words, None) for story in finding.stories)
        lost_at = base.hops[1] if finding.lost_at else None
        page = read(base._replace(finding=finding, candidates=stories, lost_at=lost_at))
        assert code in page.by["code"]
        assert all(one.words in page.text for one in stories)
        manifest = "".join(page.by.get("pre", []))
        assert manifest == finding.manifest.rstrip("\n")
        assert finding.reference in page.text
        if finding.reference.startswith("https://"):
            assert {"href": finding.reference, "rel": "noreferrer"} in page.named("a")


def test_the_snat_is_explained_where_it_is_named():
    """Who has never heard of SNAT is told in half a sentence, beside the cause."""
    page = read(explained(NETWORK + TRUST, NODE, handshake=FAR))
    assert page.by["dfn"] == [SNAT]
    assert "writes its own address where the client's stood" in page.text
    assert SNAT not in page.by["dt"]


@pytest.mark.parametrize("word", GLOSSARY, ids=[one.word for one in GLOSSARY])
def test_every_word_of_the_glossary_is_used(word):
    """No word is explained that no finding uses."""
    told = " ".join(text for one in FINDINGS.values() for text in (one.title, one.cause, one.remedy))
    words = " ".join(story.words for story in STORIES.values())
    assert word in words_in(f"{told} {words}".replace("{header}", "X-Forwarded-For"))


def test_other_programs():
    """What others say is a table; what an outsider could steer is marked, and how is told."""
    explanation = explained(NETWORK + TRUST, INGRESS, [f"{FORGED}, {CLIENT}"], names="all")
    page = read(explanation)
    assert {one.name for one in explanation.others} < set(page.by["code"])
    assert page.by["span"].count("steerable") == sum(bool(one.steered) for one in explanation.others) > 1
    assert page.by["span"].count("differs") == sum(not one.agrees for one in explanation.others) > 1
    assert {one.steered for one in explanation.others if one.steered} <= set(page.by["li"])


# --- the picture ------------------------------------------------------------------------------------------------------


def test_where_the_address_was_lost():
    """Somebody stands left of the hop that put its address there, behind a broken arrow."""
    assert drawn(explained(NETWORK + TRUST, NODE, handshake=FAR)) == [
        (SOMEBODY, "", ""),
        (HOP, NODE, BROKEN),
        (SERVER, "", SOLID),
    ]


def test_who_is_uncertain():
    """Claims stand left of somebody, who perhaps is behind the hop that names the client."""
    assert drawn(explained(NETWORK + TRUST, INGRESS, [f"{FORGED}, {NODE}"])) == [
        (HOP, FORGED, ""),
        (SOMEBODY, "", DASHED),
        (HOP, NODE, DASHED),
        (HOP, INGRESS, SOLID),
        (SERVER, "", SOLID),
    ]


def test_who_is_certain():
    """Nobody stands left of a client; only what it claims, dashed."""
    assert drawn(explained(NETWORK + TRUST, INGRESS, [f"{FORGED}, {CLIENT}"])) == [
        (HOP, FORGED, ""),
        (HOP, CLIENT, DASHED),
        (HOP, INGRESS, SOLID),
        (SERVER, "", SOLID),
    ]


def test_the_server_is_named():
    """Behind one address there may be several servers."""
    explanation = explained(NETWORK, CLIENT)
    assert "<pod>" not in read(explanation).text
    assert "<pod>" in read(explanation._replace(server="<pod>")).by["bdi"]


def test_what_was_believed_is_marked():
    """The claim that a proxy took for the client says so, once."""
    page = read(explained(NETWORK + TRUST, INGRESS, [f"{FORGED}, {FORGED}, {CLIENT}"], [("X-Real-IP", FORGED)]))
    assert page.text.count("a program on the way believed this") == 1


def test_a_long_chain_folds_up():
    """Of a thousand hops fifty are drawn, alike ones folded up; all of the fifty are on the page."""
    chain = ", ".join([FORGED] * 1000 + [CLIENT] + ["100.64.0.1"] * 9)
    explanation = explained(NETWORK + TRUST, INGRESS, [chain])
    boxes = drawn(explanation)
    assert (boxes[0][0], len(boxes)) == (HIDDEN, 1 + len(explanation.hops) + 1)
    page = read(explanation)
    assert f"… {explanation.hidden} more entries, further left, are not drawn" in page.text
    assert page.by["summary"] == ["36 more like these: claim, ignored", "6 more like these: trusted proxy"]
    assert page.by["bdi"].count(FORGED) == 40
    assert page.by["bdi"].count("100.64.0.1") == 9
    assert {"class": "way row"} not in page.named("ol")


# --- what strangers write ---------------------------------------------------------------------------------------------


def placed(words: str, names: str = ""):
    """Return the explanation of a request with some words wherever a stranger can put them."""
    more = [(words, "value"), ("X-Evil", words), ("X-Real-IP", words), ("X-Original-Forwarded-For", words),
            ("User-Agent", words), ("Cookie", words), ("CF-Connecting-IP", words)]  # fmt: skip
    chain = [words.replace(",", ";"), f"{CLIENT}, {words.replace(',', ';')}"]
    explanation = explained(NETWORK + TRUST, INGRESS, chain, more, names=names, asked=f"GET /explain?{words}")
    arrival = explanation.arrival
    return explanation._replace(
        arrival=arrival._replace(headers=[("Host", words), *arrival.headers[1:]]), config_path=words
    )


@pytest.mark.parametrize("words", HOSTILE, ids=[f"{at}-{words[:12]!a}" for at, words in enumerate(HOSTILE)])
def test_hostile_words_are_words(words):
    """A page that names them is built of the same elements as one that names harmless ones; its title is the same."""
    found, harmless = read(placed(words)), read(placed("harmless"))
    assert found.elements == harmless.elements or not words.strip()
    assert found.by["title"] == harmless.by["title"]
    read(placed(words, names="all"))


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    names=st.lists(st.text(max_size=100), max_size=5),
    values=st.lists(st.text(max_size=1000), min_size=5, max_size=5),
    chain=st.lists(st.text(max_size=200), max_size=3),
    target=st.text(max_size=500),
    peer=st.sampled_from([CLIENT, NODE, INGRESS, "2001:db8::1", None]),
)
def test_any_request_has_a_page(names, values, chain, target, peer):
    """Whatever is sent, the page holds no element and no attribute but its own."""
    more = [*zip(names, values, strict=False), ("Host", values[0]), ("X-Real-IP", values[1]), ("User-Agent", values[2])]
    read(explained(NETWORK + TRUST, peer, chain, more, asked=target))


@pytest.mark.parametrize("char", ["'", "&", "\x1b", "\u202e", "\U000e0001", "é", "\udcff"])
def test_a_page_is_bounded(char):
    """Two hundred headers of 8 KiB make a page of bounded size in bounded time, which says what it left out."""
    more = [(f"X-{number}-{char * 100}", char * 8192) for number in range(200)]
    chain = [",".join([char * 8192] * 1200)]
    start = time.thread_time()
    page = read(explained(NETWORK + TRUST, INGRESS, chain, more, asked=f"GET /{char * 9000}"))
    assert time.thread_time() - start < 2
    assert f"… and {200 + 2 - MAX_FIELDS} more headers" in page.text
    assert " more characters" in page.text


@pytest.mark.parametrize(
    ("value", "most", "shown"),
    [
        ("", 5, ""),
        ("12345", 5, "12345"),
        ("123456", 5, "12345… and 1 more characters"),
        ("\x1b" * 3, 9, "\\x1b\\x1b… and 1 more characters"),
        ("a" * 2000, 1, "a… and 1,999 more characters"),
    ],
)
def test_cut(value, most, shown):
    """What is cut says how much."""
    assert cut(value, most) == shown


def test_secrets_are_not_shown():
    """A page gets shared: of a secret only the length is told."""
    more = [("Cookie", "session=8f2ab61c"), ("authorization", "Bearer 8f2ab61c"), ("X-Other", "plain")]
    page = read(explained(NETWORK, CLIENT, more=more))
    assert "8f2ab61c" not in page.text
    assert "plain" in page.text
    assert page.text.count("not shown here") == 2


def test_a_long_header_is_cut():
    """Of 8 KB some hundred are shown."""
    page = read(explained(NETWORK, CLIENT, more=[("X-Long", "A" * 8000)]))
    assert f"{'A' * MAX_VALUE}… and {8000 - MAX_VALUE:,} more characters" in page.by["bdi"]


def test_markup():
    """Text is escaped wherever it is put, in attributes too; backquotes mark code where they come in pairs."""
    assert element("a", "<b>", "&", href="\"'>") == '<a href="&#34;&#39;&gt;">&lt;b&gt;&amp;</a>'
    assert element("p", element("br"), aria_hidden="true", class_="x") == '<p aria-hidden="true" class="x"><br></p>'
    assert prose("run `a <b>` and `c`") == "run <code>a &lt;b&gt;</code> and <code>c</code>"
    assert prose("a ` b") == "a ` b"


# --- how it is sent ---------------------------------------------------------------------------------------------------


def answer(target: str, *fields: str):
    """Return what a server answers."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", "Host: h", *fields, "", ""])
    request = parse_head(head.encode(), Connection("c", "127.0.0.1", 4000, "127.0.0.1", 80, b""), 1)
    return with_added_headers(request, route_of(request).answer(App(parse_config("", "")), request))


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_no_form_is_stored_on_the_way_whatever_a_link_asks(form):
    made = answer(f"/explain?format={form}&header=Cache-Control:public")
    assert [value for name, value in made.headers if name == b"Cache-Control"] == [b"no-store"]


def test_its_headers():
    """A browser gets the page, which may load nothing and run nothing; its one style is named by its digest."""
    made = answer("/explain", "Accept: text/html,*/*;q=0.8")
    assert made.headers == (*PAGE_HEADERS, NO_STORE)
    policy = dict(PAGE_HEADERS)[b"Content-Security-Policy"].decode()
    style = re.search("<style>(.*)</style>", made.body.decode(), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    assert "</" not in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_other_forms():
    """curl gets text, a program JSON; the query says otherwise."""
    assert answer("/explain", "Accept: */*").body.startswith(b"Client:  127.0.0.1")
    assert answer("/explain", "Accept: application/json").body.startswith(b'{"v":1')
    assert answer("/explain?format=html", "Accept: */*").body.startswith(b"<!doctype html>\n")


@pytest.mark.parametrize("name", [name.decode() for name, _ in PAGE_HEADERS])
def test_a_link_cannot_weaken_it(name):
    """What guards the page is set by no query."""
    assert refused_header(name.lower())
    assert answer(f"/explain?format=html&header={name}:x").status == 400


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme):
    """Text stands off what is behind it, 4.5 to 1 and more; lines 3 to 1 (WCAG 2.2, AA)."""
    colours = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[scheme])
    )

    def contrast(one: str, other: str) -> float:
        light, dark = sorted((luminance(colours[one]), luminance(colours[other])), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    signs = ("yes", "no", "unsure", "beware")
    assert set(SIGN_OF.values()) <= set(signs)
    for behind in ("page", "box", *(f"{sign}-tint" for sign in signs)):
        for front in ("text", "muted", *signs):
            assert contrast(front, behind) >= 4.5, (front, behind)
    assert contrast("link", "page") >= 4.5
    assert contrast("line", "page") >= 3

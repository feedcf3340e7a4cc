"""
The way of a request, drawn: from the far end to this server, a box for each hop, an arrow between one and the next.

1. Left of what nobody vouches for arrows are dashed. Where the address was lost the arrow is broken by a cross.
2. Where it is not certain who the client is, a figure called somebody stands left of the hop that stands in its place,
   and right of what it may have claimed.
   Who may be the client at that hop itself is named there, who may be behind it with somebody.
3. Boxes stand side by side where there are few and the page is wide, else one below the other. Of many alike only the
   outer ones are drawn, the others unfold.
4. Nothing is said by colour alone: words stand beside.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from echo.clientip import parse_hop
from echo.explain.explanation import Candidate, Explanation, HopView, spelled
from echo.explain.markup import Markup, cut, element
from echo.explain.report import MAX_SHOWN, role_words

MAX_IN_A_ROW = 5  # boxes that stand side by side at 1280 pixels; six are too narrow to read
MAX_SERVER = 64  # of a host's name: what Linux takes
MAX_ALIKE = 6  # hops of one role in a row; of more the middle ones fold up
KEPT_ALIKE = 2  # of those, at either end
UNCERTAIN = ("lost", "ambiguous")  # verdicts with which somebody may stand behind what is seen
HIDDEN, HOP, SOMEBODY, SERVER = "hidden", "hop", "somebody", "server"
# what the arrow that leads to a box is: "" where none does
SOLID, DASHED, BROKEN = "solid", "dashed", "broken"
LOST_WORDS = "The client's address was lost here"
BELIEVED = "a program on the way believed this"
# source of a hop that no header names -> words
PEERS = {"peer": "the connection itself", "proxied-peer": "the PROXY header"}

# verdict with which the client that was taken may be another -> what its box looks like
DOUBTS = {"ambiguous": "doubted", "untrusted-header": "taken"}

# paths in a square of 24
ICONS = {
    "person": "M12 4a4 4 0 1 0 .01 0zM4 21c0-5 3.5-8 8-8s8 3 8 8z",
    "somebody": "M8.5 9a3.5 3.5 0 1 1 5.5 2.9c-1.3.9-2 1.7-2 3.1M12 19.5v.1M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0z",
    "claim": "M4 4h16v12h-9l-5 5v-5H4zM8 8.5h8M8 12h5",
    "machine": "M3 4h18v6H3zM3 14h18v6H3zM6.5 7h.1M6.5 17h.1M11 7h6M11 17h6",
    "pod": "M12 2.5l8.5 4.7v9.6L12 21.5l-8.5-4.7V7.2zM3.5 7.2L12 12l8.5-4.8M12 12v9.5",
    "proxy": "M3 12h7M10 12l8-6M10 12l8 6M10 12h9M15 5l4 .5-1.5 3.5M15 19l4-.5-1.5-3.5",
    "globe": "M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0zM2 12h20M12 2c-6 6-6 14 0 20M12 2c6 6 6 14 0 20",
    "broken": "M12 3l10 18H2zM12 9v6M12 18v.1",
    "server": "M3 4h18v12H3zM8 20h8M12 16v4M7 8l3 2-3 2M12 12.5h4",
}
# code of what an address means -> icon; another's is the globe
BY_MEANING = {
    **dict.fromkeys(("node", "own-node", "bridge", "other-bridge", "own-host", "docker-bridge", "loopback"), "machine"),
    **dict.fromkeys(("pod", "own-pod", "service-lb", "sidecar"), "pod"),
    **dict.fromkeys(("load-balancer", "ingress", "service", "swarm-ingress"), "proxy"),
    "invalid": "broken",
}


class Station(NamedTuple):
    """A box of the picture: HIDDEN, HOP (then `view`), SOMEBODY or SERVER, and the arrow that leads to it."""

    kind: str
    arrow: str
    view: HopView | None = None


def picture(explanation: Explanation) -> Markup:
    """Return the picture."""
    stations = list(way(explanation))
    width = sum(2 if station.kind == SOMEBODY else 1 for station in stations)  # somebody has stories to tell
    shape = "way row" if width <= MAX_IN_A_ROW else "way"
    return element("ol", *_items(stations, explanation), class_=shape)


def way(explanation: Explanation) -> Iterator[Station]:
    """Yield the boxes, the far end first."""
    if explanation.hidden:
        yield Station(HIDDEN, "")
    verdict, in_place = explanation.finding.verdict, _in_place(explanation)
    arrow = DASHED if explanation.hidden else ""
    for view in explanation.hops:
        if view is in_place:
            yield Station(SOMEBODY, arrow)
            arrow = DASHED if verdict == "ambiguous" else SOLID
        yield Station(HOP, BROKEN if view is explanation.lost_at else arrow, view)
        arrow = DASHED if view.hop.role == "claim" else SOLID
    yield Station(SERVER, arrow)


def _items(stations: Sequence[Station], explanation: Explanation) -> Iterator[Markup]:
    believed = _believed(explanation)

    def likeness(station: Station) -> tuple[str, bool]:
        role = role_words(explanation, station.view) if station.view else station.kind
        return role, station.view is not None and station.view is believed

    for (role, is_believed), group in groupby(stations, likeness):
        items = [_item(station, explanation, is_believed=is_believed) for station in group]
        if len(items) <= MAX_ALIKE:
            yield from items
            continue
        yield from items[:KEPT_ALIKE]
        summary = element("summary", f"{len(items) - 2 * KEPT_ALIKE} more like these: {role}")
        folded = element("ol", *items[KEPT_ALIKE:-KEPT_ALIKE], class_="way")
        yield element("li", element("details", summary, folded), class_="fold")
        yield from items[-KEPT_ALIKE:]


def _item(station: Station, explanation: Explanation, *, is_believed: bool) -> Markup:
    if station.view is None:
        box = {HIDDEN: _hidden, SOMEBODY: _somebody, SERVER: _server}[station.kind](explanation)
    else:
        box = _hop(station.view, explanation, is_believed=is_believed)
    return element("li", *([_arrow(station.arrow)] if station.arrow else []), box, class_=station.kind)


def _hop(view: HopView, explanation: Explanation, *, is_believed: bool) -> Markup:
    hop, meaning = view
    tone = _tone(view, explanation)
    icon = {"claim": "claim", "client": "person" if meaning.code == "public" else ""}.get(hop.role)
    shown = cut(hop.text, MAX_SHOWN) or ("no address" if hop.source in PEERS else "(empty)")
    trust = element("span", "trusted" if hop.trusted else "not trusted", class_="yes" if hop.trusted else "no")
    itself = _candidates(explanation, itself=True) if view is _in_place(explanation) else []
    return element(
        "div",
        _icon(icon or BY_MEANING.get(meaning.code, "globe")),
        element("p", element("bdi", shown, class_="value"), class_="address"),
        element("p", meaning.words, " ", element("span", f"({meaning.source})", class_="known"), class_="meaning"),
        element(
            "p",
            element("span", role_words(explanation, view), class_=f"chip {tone}"),
            *([element("span", BELIEVED, class_="chip lost")] if is_believed else []),
            class_="chips",
        ),
        element("p", trust, f" · read from {PEERS.get(hop.source) or spelled(hop.source)}", class_="source"),
        *([element("p", "If it is the client itself:", class_="itself"), element("ul", *itself)] if itself else []),
        class_=f"box {tone}",
    )


def _tone(view: HopView, explanation: Explanation) -> str:
    """Return what a hop's box looks like: its role, unless there is more to say."""
    if view is explanation.lost_at:
        return "lost"
    doubt = DOUBTS.get(explanation.finding.verdict) if view.hop.role == "client" else None
    return doubt or view.hop.role


def _somebody(explanation: Explanation) -> Markup:
    words = _candidates(explanation, itself=False)
    what = "perhaps, behind the next hop" if explanation.finding.verdict == "ambiguous" else "who it is, is not known"
    return element(
        "div",
        _icon("somebody"),
        element("p", "somebody", class_="address"),
        element("p", f"{what}; it may be" if words else what, class_="meaning"),
        *([element("ul", *words)] if words else []),
        class_="box somebody",
    )


def _candidates(explanation: Explanation, *, itself: bool) -> list[Markup]:
    """Return who may be behind the hop that stands in the client's place; or who, if it is the client itself."""
    view = _in_place(explanation)
    shown = view.hop.address if view else None

    def is_there(one: Candidate) -> bool:
        return one.client is not None and one.client == shown

    return [element("li", one.words) for one in explanation.candidates if is_there(one) is itself]


def _in_place(explanation: Explanation) -> HopView | None:
    """Return the hop that stands in the client's place, None where the client is certain."""
    if explanation.finding.verdict not in UNCERTAIN:
        return None
    return next((view for view in explanation.hops if view.hop.role != "claim"), None)


def _hidden(explanation: Explanation) -> Markup:
    words = f"… {explanation.hidden:,} more entries, further left, are not drawn"
    return element("div", element("p", words, class_="meaning"), class_="box hidden")


def _server(explanation: Explanation) -> Markup:
    name = [element("p", element("bdi", cut(explanation.server, MAX_SERVER), class_="value"), class_="meaning")]
    return element(
        "div",
        _icon("server"),
        element("p", "this server", class_="address"),
        *(name if explanation.server else []),
        element("p", "which answers you now", class_="meaning"),
        class_="box server",
    )


def _believed(explanation: Explanation) -> HopView | None:
    """Return the claim that a program on the way wrote into X-Real-IP, if one did."""
    if explanation.finding.verdict != "forged":
        return None
    written = [value for name, value in explanation.arrival.headers if name.lower() == "x-real-ip"]
    address = parse_hop(written[-1]) if written else None
    claims = [view for view in explanation.hops if view.hop.role == "claim" and view.hop.address == address]
    return claims[-1] if claims and address else None


def _icon(name: str) -> Markup:
    return element("svg", element("path", d=ICONS[name]), class_="icon", viewBox="0 0 24 24", aria_hidden="true")


def _arrow(kind: str) -> Markup:
    head = element("path", d="M32 15l6 5-6 5")
    if kind == BROKEN:
        title = element("title", LOST_WORDS)
        line, cross = (
            element("path", d="M1 20h11M28 20h9"),
            element("path", d="M13 13l14 14M27 13L13 27", class_="cross"),
        )
        drawn = element("svg", title, line, head, cross, viewBox="0 0 40 40", role="img")
    else:
        line = element("path", d="M1 20h36", class_="line")
        drawn = element("svg", line, head, viewBox="0 0 40 40", aria_hidden="true")
    return element("span", drawn, class_=f"arrow {kind}")

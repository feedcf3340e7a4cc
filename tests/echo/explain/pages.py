"""What a page is made of, read by Python's own parser of HTML; and what strangers write."""

from html.parser import HTMLParser

VOID = {"br", "meta"}
_BARE = (
    "head title style body main header section footer div h1 h2 p ol ul dl dt dd dfn table thead tbody tr td details "
    "summary bdi code em strong small br li"
)
# element -> attributes that it may have, beside class
ALLOWED: dict[str, frozenset[str]] = {
    **dict.fromkeys(_BARE.split(), frozenset()),
    "html": frozenset({"lang"}),
    "span": frozenset({"lang"}),
    "meta": frozenset({"charset", "name", "content"}),
    "a": frozenset({"href", "rel"}),
    "pre": frozenset({"tabindex"}),
    "th": frozenset({"scope"}),
    "svg": frozenset({"viewbox", "role", "aria-hidden"}),
    "path": frozenset({"d"}),
}
# commas and line ends are none: they end an entry, or a field
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=//e.example>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</pre><b>",
    "</bdi></td></tr></table>",
    "</textarea><script>",
    "<!--",
    "-->",
    "<!-- --!>",
    "<![CDATA[<script>]]>",
    "]]>",
    "<?php phpinfo() ?>",
    "<%= 7*7 %>",
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "{peer}",
    "{client}",
    "{}",
    "%s%s%n",
    "%(peer)s",
    "\\x3cscript\\x3e",
    "\\u003cscript\\u003e",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "&",
    "&amp;",
    "&#0;",
    "&#x202e;",
    "&nosuch;",
    "&lt",
    '"',
    "'",
    "`",
    "``",
    "`a`",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "` onmouseover=`alert(1)",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html;base64;PHN2Zz4=",
    "vbscript:msgbox(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<base href=//e.example>",
    "<link rel=stylesheet href=//e>",
    "<meta http-equiv=refresh content=0;url=//e.example>",
    "<form action=//e.example><input name=a>",
    "<object data=//e>",
    "<style>*{display:none}</style>",
    '<math><mi//xlink:href="data:x">',
    "<template><script>",
    '<noscript><p title="</noscript>">',
    "<details open ontoggle=alert(1)>",
    "<plaintext>",
    "<xmp>",
    "<body onload=alert(1)>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script\x0b>alert(1)</script\x0c>",
    "<scr\x00ipt>",
    "\x00",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\x7f\x08\x08",
    "\u202eevil\u202c",
    "\u2066\u2067\u2069",
    "\u200e\u200f",
    "\u200b\ufeff",
    "\u2028\u2029",
    "\udcff\udc80",
    "\ud800",
    "\uffff\ufffe",
    "\U000e0001\U000e0061",
    "z" + "\u0301" * 100,
    "\u05d0\u05d1 \u0627\u0644",
    "\uff1cscript\uff1e",
    "\xa0\xad",
    "+ADw-script+AD4-",
    "A" * 9000,
    "<" * 3000,
    "\x1b" * 3000,
    " ",
    "",
]


class Page(HTMLParser):
    """
    elements  (name, attributes) in order
    texts     what is between, style excepted
    by        element's name -> the texts directly in it
    """

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.by: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(page.decode())
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
            self.by.setdefault(self.open[-1], []).append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_pi(self, data):
        raise AssertionError(data)

    @property
    def text(self) -> str:
        """What a reader sees, blanks as one."""
        return " ".join(" ".join(self.texts).split())

    def named(self, name: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element called so."""
        return [attributes for tag, attributes in self.elements if tag == name]

    def check(self, links: set[str]) -> None:
        """Assert that nothing is there that may not be."""
        for tag, attributes in self.elements:
            assert tag in ALLOWED
            assert set(attributes) <= ALLOWED[tag] | {"class"}
        assert {attributes["href"] for attributes in self.named("a")} <= links
        assert all(char.isprintable() or char == "\n" for text in self.texts for char in text)
        assert [tag for tag, _ in self.elements].count("title") == 1 + sum(role == "img" for role in self.roles())

    def roles(self) -> list[str | None]:
        """Return the roles of the drawings."""
        return [attributes.get("role") for attributes in self.named("svg")]

"""All signatures, in the order in which a row names them."""

from __future__ import annotations

from pipeline.signatures.catalogue.agents import AGENTS
from pipeline.signatures.catalogue.code import CODE
from pipeline.signatures.catalogue.containers import CONTAINERS
from pipeline.signatures.catalogue.cve import CVE
from pipeline.signatures.catalogue.files import FILES
from pipeline.signatures.catalogue.holes import HOLES
from pipeline.signatures.catalogue.php import PHP
from pipeline.signatures.catalogue.protocol import PROTOCOL
from pipeline.signatures.catalogue.sensitive import SENSITIVE
from pipeline.signatures.catalogue.shell import SHELL
from pipeline.signatures.catalogue.sqli import SQLI
from pipeline.signatures.catalogue.wordpress import WORDPRESS
from pipeline.signatures.catalogue.xss import XSS
from pipeline.signatures.signature import Signature

# What a family is, for people
FAMILIES: dict[str, str] = {
    "sqli": "SQL injection",
    "nosql": "NoSQL injection",
    "ldap": "LDAP injection",
    "xss": "cross-site scripting",
    "traversal": "path traversal, files of the system",
    "rfi": "remote file inclusion",
    "rce": "commands or code to be run",
    "log4shell": "Log4Shell",
    "prototype": "prototype pollution",
    "deserialization": "unsafe deserialization",
    "xxe": "XML external entities",
    "ssrf": "server-side request forgery, metadata of clouds",
    "crlf": "line ends that become headers or commands",
    "session": "session fixation",
    "openproxy": "asked to be an open proxy",
    "protocol": "odd as HTTP",
    "cve": "known holes of known products",
    "sensitive": "files that give away secrets",
    "admin": "consoles of administrators",
    "backdoor": "web shells",
    "agent": "user agents of tools",
    "wordpress": "what scanners of WordPress ask for",
}
SIGNATURES: tuple[Signature, ...] = (
    *SQLI, *XSS, *FILES, *SHELL, *PHP, *CODE, *PROTOCOL, *CVE, *HOLES, *SENSITIVE, *AGENTS, *CONTAINERS, *WORDPRESS,
)  # fmt: skip
BY_ID: dict[str, Signature] = {one.id: one for one in SIGNATURES}

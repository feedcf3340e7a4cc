"""Known holes of known products, by the path or the query that reaches them: a file for what is attacked."""

from __future__ import annotations

from pipeline.signatures.catalogue.cve.blogs import BLOGS
from pipeline.signatures.catalogue.cve.devices import DEVICES
from pipeline.signatures.catalogue.cve.gateways import GATEWAYS
from pipeline.signatures.catalogue.cve.java import JAVA
from pipeline.signatures.catalogue.cve.microsoft import MICROSOFT
from pipeline.signatures.catalogue.cve.php import PHP
from pipeline.signatures.catalogue.cve.servers import SERVERS
from pipeline.signatures.signature import Signature

CVE: tuple[Signature, ...] = (*GATEWAYS, *DEVICES, *MICROSOFT, *JAVA, *PHP, *BLOGS, *SERVERS)

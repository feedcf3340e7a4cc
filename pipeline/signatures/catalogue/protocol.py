"""Requests that are odd as HTTP, requests to go somewhere else, and line ends where none belong."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Example, Signature

PROTOCOL = (
    Signature(
        id="openproxy-connect",
        family="openproxy",
        title="CONNECT: to be a proxy to another server",
        severity="medium",
        confidence="high",
        techniques=("T1090.002",),
        where=("method",),
        pattern=r"^connect$",
        positive=(Example(target="example.com:443", method="CONNECT"),),
        negative=("/connect",),
        false_positives="a server that is meant to be a proxy",
    ),
    Signature(
        id="openproxy-absolute",
        family="openproxy",
        title="A target with another server's name, as one asks a proxy",
        severity="medium",
        confidence="medium",
        techniques=("T1090.002",),
        where=("line",),
        pattern=r"^(?:https?|ftp)://",
        positive=("http://www.example.com/", "https://api.ipify.org/?format=json"),
        negative=("/r?u=http://x.example/",),
        false_positives="logs whose format writes the whole URL (AWS ALB)",
    ),
    Signature(
        id="protocol-version",
        family="protocol",
        title="A version of HTTP that there is not",
        severity="medium",
        confidence="high",
        techniques=("T1595.002",),
        where=("protocol",),
        pattern=r"^http/(?:0\.[0-8]|1\.[2-9]|[2-3]\.[1-9]|[4-9]|\d\d|.*[a-z])",
        positive=(Example(protocol="HTTP/9.9"), Example(protocol="HTTP/1.6")),
        negative=(Example(protocol="HTTP/2.0"), Example(protocol="HTTP/3")),
    ),
    Signature(
        id="protocol-tls",
        family="protocol",
        title="The start of TLS, SSH or RDP on a port for HTTP",
        severity="low",
        confidence="high",
        techniques=("T1595.001",),
        where=("line",),
        pattern=(
            r"^\\x16\\x03|^\x16\x03|^\\u0016\\u0003|^ssh-\d|^\\x03\\x00|^\x03\x00|mstshash=|^\\x05\\x01\\x00|"
            r"^\\x04\\x01|^\\xff\\x53smb|^\\x00\\x00\\x00|\\xffsmb"
        ),
        positive=("\\x16\\x03\\x01\\x02\\x00", "SSH-2.0-Go", "\\x03\\x00\\x00/*\\xE0Cookie: mstshash=Administr"),
        negative=("/x16",),
        false_positives="a browser that was sent to https:// on the wrong port",
    ),
    Signature(
        id="protocol-scan",
        family="protocol",
        title="The mark of a scanner in the target",
        severity="medium",
        confidence="high",
        techniques=("T1595.002",),
        where=("line",),
        pattern=(
            r"w00tw00t|/muieblackcat|acunetix|/nmaplowercheck|/nice%20ports|/nice ports|trinity\.txt|"
            r"/netsparker|/nessus|nikto-|sqlmap|/burp/|/appscan_fingerprint|wvstest|acu_test|/crowdsec-test-|"
            r"/\w{32}\.burp|interact\.sh|\boast\.(?:fun|pro|live|site|online|me)\b|burpcollaborator|"
            r"\boastify\.com|\bdnslog\.cn|\bceye\.io|bxss\.me|acx\w*kzsy|kzsy\(|testasp\.vulnweb|www\.vulnweb|"
            r"\.acu/|injected_by_wvs|acux\d{4}|wvs[-_]?(?:test|security)|appscan-|qualysguard"
        ),
        plain=True,
        positive=(
            "/w00tw00t.at.ISC.SANS.DFind:)",
            "/nice%20ports%2C/Tri%6Eity.txt%2ebak",
            "/?x=http://a.oastify.com",
            "/acunetix-wvs-test-for-some-inexistent-file",
        ),
        negative=("/nice-ports",),
    ),
    Signature(
        id="protocol-method",
        family="protocol",
        title="A method that hardly a site answers and scanners try",
        severity="low",
        confidence="medium",
        techniques=("T1595.002",),
        where=("method",),
        pattern=(
            r"^(?:trace|track|debug|propfind|search|move|copy|mkcol|lock|unlock|proppatch|foo|bogus|indeed|"
            r"acunetix|nessus|secret|quux|pri|baseline-control|mkworkspace|[^a-z].*|t{1,3}|[a-z]+ss?trace)$"
        ),
        positive=(Example(method="TRACE"), Example(method="DEBUG"), Example(method="PROPFIND")),
        negative=(Example(method="POST"), Example(method="PUT")),
        false_positives="WebDAV, calendars and files in a cloud of one's own",
    ),
    Signature(
        id="crlf-header",
        family="crlf",
        title="Line ends and what becomes a header, a command of mail, or a second request",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("args", "path", "referer"),
        pattern=(
            r"[\r\n]\s*(?:set-cookie|location|content-(?:type|length|disposition)|transfer-encoding|x-[\w-]+|"
            r"refresh|access-control-[\w-]+|http/\d|status|host|link|cookie|user-agent|referer|connection|"
            r"(?:get|post|head|put)\s+[/h])\s*:?|[\r\n]+\s*(?:mail from:|rcpt to:|data[\r\n]|ehlo |helo |"
            r"vrfy |expn |rset\b|noop\b|quit\b|starttls\b|auth\b|bcc\s*:|cc\s*:|to\s*:|subject\s*:|retr \d|"
            r"dele \d|top \d|list\b|uidl\b|stat\b|user \w|pass \w|apop |capa\b|[\w.]{1,12} (?:append|"
            r"authenticate|capability|check|close|copy|create|delete|examine|expunge|fetch|list|login|logout|"
            r"lsub|noop|rename|search|select|status|store|subscribe|uid|unsubscribe|starttls)\b)|嘊嘍|"
            r"\bset-cookie\s*:\s*\w+="
        ),
        positive=(
            "/r?u=%0d%0aSet-Cookie:x=1",
            "/%0d%0aLocation:%20http://x",
            "/?m=%0d%0aRCPT%20TO:%3Ca@b%3E",
            "/?m=%0d%0aa001%20EXAMINE%20INBOX",
        ),
        negative=("/?text=line%0d%0aline",),
        references=("https://owasp.org/www-community/vulnerabilities/CRLF_Injection",),
    ),
    Signature(
        id="crlf-bare",
        family="crlf",
        title="A line end in a path or in the name of a parameter",
        severity="low",
        confidence="medium",
        techniques=("T1190",),
        where=("path",),
        pattern=r"[\r\n]",
        positive=("/a%0d%0ab",),
        negative=("/a?b=c%0d%0ad",),
    ),
    Signature(
        id="session-fixation",
        family="session",
        title="A session's id put into a link",
        severity="medium",
        confidence="medium",
        techniques=("T1539",),
        where=("args",),
        pattern=(
            r"document\.cookie\s*=|<\s*meta\b.*set-cookie|\.cookie\b.*;\s*(?:expires|domain)\s*=|"
            r"\bset-cookie\b"
        ),
        plain=True,
        positive=("/?x=document.cookie=%22sid=1;%20expires=x%22",),
        negative=("/?sid=1",),
        references=("https://owasp.org/www-community/attacks/Session_fixation",),
    ),
    Signature(
        id="ssrf-metadata",
        family="ssrf",
        title="The address at which a cloud tells an instance its secrets",
        severity="high",
        confidence="high",
        techniques=("T1190", "T1552.005"),
        where=PAYLOAD,
        pattern=(
            r"169\.254\.169\.254|169\.254\.170\.2\b|\bmetadata\.google\.internal/|\bmetadata\.(?:tencentyun|"
            r"azure|oraclecloud)\.com|100\.100\.100\.200|192\.0\.0\.192\b|/latest/(?:meta-data|user-data|"
            r"dynamic)\b|/computemetadata/v\d|\[?fd00:ec2::254|/opc/v[12]/|/metadata/(?:instance|v1|"
            r"identity)\b|\binstance-data\b|\brancher-metadata\b|\bmetadata\.(?:packet|platformequinix|"
            r"nic)\.\w+|/openstack/(?:latest|\d{4})|://metadata(?:/|:|$|&)|/v1/(?:interfaces|id|user-data|"
            r"metadata)\b|100\.88\.222\.5|/v2/(?:keys|machines)\b|:237[59]/|:6443/|:10250/|"
            r"/metadata/(?:latest|default)|/hetzner/v1|/vapi/|kubernetes\.default\b|/userdata\b|"
            r"169\.254\.\d+\.\d+"
        ),
        plain=True,
        positive=("/?u=http://169.254.169.254/latest/meta-data/", "/?u=http%3A%2F%2Fmetadata.google.internal%2Fx"),
        negative=("/?u=169",),
        references=("https://owasp.org/www-community/attacks/Server_Side_Request_Forgery",),
    ),
    Signature(
        id="ssrf-internal",
        family="ssrf",
        title="An address of the inside, or an address in disguise, where a URL belongs",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=("args", "header"),
        pattern=(
            r"(?:://|\b(?:https?|ftp|gopher|dict|file|ldap|tcp|url):)(?:[^/@\s]*@)?(?:localhost|127\.\d|"
            r"0\.0\.0\.0|0+(?:/|:\d|$|&)|0x[0-9a-f]+|\[(?:::|0|fe80|fc|fd|a::|[0-9a-f:.]*%|[0-9a-f:]*ffff)|"
            r"\d{8,10}(?:[/:?&]|$)|0[0-7]{1,3}\.0?\d|\d+\.\d{4,}(?:[/:?&]|$)|\d+\.\d+\.\d{3,}(?:[/:?&]|$)|"
            r"10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+)|"
            r"\b[a-z][a-z0-9+._-]*://\[[0-9a-f:.%a-z]*\]|\blocalhost(?::\d+)?/|\bip6-(?:localhost|loopback)\b|"
            r"\.(?:nip|xip|sslip)\.io\b|\blocaltest\.me\b|\blvh\.me\b|\bspoofed\.\w+\.\w+|://\d{8,10}\b|"
            r"://0x[0-9a-f]|://(?:0x?[0-9a-f]+\.){1,3}0?x?[0-9a-f]+|://0[0-7]{3,}|://[^/?&\s]*[\\#\s][^/?&]*@|"
            r"://[^/?&]*@(?:localhost|127|10|192|169|\[|0)|:\d+\\@|://(?:\d+\.){1,2}\d+(?:[/:?&]|$)|://\[|"
            r"\bhttps?:(?:127|10|192|169|0x|localhost|\d{8,10})|\b(?:broadcasthost|ip6-\w+|(?:gateway|host|vm|"
            r"kubernetes)\.docker\.internal|_gateway|_outbound|_localdns\w+|[\w-]+\.localhost|[\w-]+\.local|"
            r"[\w.-]+\.internal|localhost\.localdomain|kubernetes\.docker\.internal|host\.docker\.internal)\b|"
            r"=(?://|\\\\)?(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|\[::\]|0177\.)(?:[/:]|$|&)"
        ),
        plain=True,
        positive=(
            "/?u=http://127.0.0.1:8080/",
            "/?u=http://2852039166/",
            "/?u=http://0xA9.0xFE.0xA9.0xFE/",
            "/?u=http://[::1]/",
            "/?u=irc://%E2%93%9B%E2%93%9E%E2%93%92%E2%93%90%E2%93%9B%E2%93%97%E2%93%9E%E2%93%A2%E2%93%A3",
        ),
        negative=("/?u=http://shop.example/123", "/?u=2852039166"),
        false_positives="return addresses of programs that run on the user's own machine (OAuth on http://127.0.0.1)",
    ),
    Signature(
        id="ssrf-address",
        family="ssrf",
        title="A URL whose host is a number or an IPv6 address",
        severity="low",
        confidence="low",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"://(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+))*\.?(?:[:/?#&@\\\s]|$)|\b(?:https?|ftp|gopher|"
            r"dict|ldap):/(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+))*(?:[:/?#&]|$)|://(?:\d+\.){4}[a-z]|"
            r"://\[[0-9a-f:.%a-z]+\]|\b(?:https?|ftp):(?:0x[0-9a-f]{8}|(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|"
            r"\d+)){3})(?:[:/?#&]|$)"
        ),
        plain=True,
        positive=("/?u=http://203.0.113.5/", "/?u=http://425.510.425.510/", "/?u=http://0251.0376.0251.0376/"),
        negative=("/?u=http://a.example/",),
        false_positives="links between machines without names",
    ),
)

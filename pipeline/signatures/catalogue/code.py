"""Expressions and objects for Java, templates, Node, Perl, Ruby, Python and XML, to be worked out."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Signature

CODE = (
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
)

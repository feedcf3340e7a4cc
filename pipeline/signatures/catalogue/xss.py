"""Cross-site scripting: markup and scripts for a page that shows again what it is sent."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Signature

EVENTS = (
    r"abort|activate|after\w+|animation\w+|auxclick|before\w+|begin|blur|bounce|cancel|canplay\w*|"
    r"change|click|close|contextmenu|copy|cuechange|cut|dblclick|drag\w*|drop|durationchange|emptied|"
    r"end|ended|error|finish|focus\w*|formdata|fullscreenchange|hashchange|input|invalid|key(?:down|"
    r"press|up)|languagechange|load\w*|message\w*|mouse\w+|offline|online|page(?:hide|show)|paste|"
    r"pause|play\w*|pointer\w+|popstate|progress|ratechange|readystatechange|repeat|reset|resize|"
    r"scroll\w*|search|seek\w+|select\w*|show|slotchange|stalled|start|submit|suspend|timeupdate|"
    r"toggle|touch\w+|transition\w+|unhandledrejection|unload|volumechange|waiting|webkit\w+|wheel"
)

XSS = (
    Signature(
        id="xss-script",
        family="xss",
        title="A script element",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=r"<\s*/?\s*(?:[\w-]+:)?script\b|[+ ]adw-\s*/?script",
        positive=(
            "/i?q=<script>alert(1)</script>",
            "/i?q=%3Cx:script%20xmlns:x=%22x%22",
            "/i?q=%252bADw-script%252bAD4-",
            "/i?q=%uff1cscript%uff1e",
        ),
        negative=("/docs/script", "/search?q=script+writing"),
        references=("https://owasp.org/www-community/attacks/xss/",),
    ),
    Signature(
        id="xss-tag",
        family="xss",
        title="An element that runs or loads something",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"<\s*(?:iframe|object|embed|applet|meta|link|style|base|svg|math|frame|frameset|isindex|xml|"
            r"image|img|video|audio|source|details|marquee|bgsound|layer|ilayer|body|form|input|button|"
            r"textarea|select|keygen|template|noscript|animate|set|foreignobject|import|!entity|"
            r"\?xml-stylesheet)(?:[\s/>:]|$|&)"
        ),
        positive=("/i?q=<img+src=x>", "/i?q=%3Ciframe+src=//x", "/i?q=<svg/onload=x>", "/i?q=%3cOBJECT%20data%20%3d=s"),
        negative=("/i?q=a<b", "/i?q=<3"),
        references=("https://owasp.org/www-community/attacks/xss/",),
    ),
    Signature(
        id="xss-markup",
        family="xss",
        title="Markup in a parameter",
        severity="low",
        confidence="medium",
        techniques=("T1595.002",),
        where=ARGS,
        pattern=(
            r"<\s*/?\s*(?:a|abbr|b|big|br|center|code|div|em|font|h[1-6]|hr|html|head|i|li|ol|p|pre|q|s|span|"
            r"strong|sub|table|td|th|tr|title|u|ul|xss|x|test|acx?|sc[a-z]*)(?:[\s/>]|$|&)|<import|"
            r"\bformaction\s*=|<\s*/?[a-z][\w:-]*(?:[\s/][^<>]*)?>|<[a-z!?/][^<>]*\s(?:style|src|href|action|"
            r"data|xmlns)\s*="
        ),
        positive=("/i?q=<div>", "/i?q=<b>x</b>"),
        negative=("/i?q=1<2",),
        false_positives="editors that send their text as a parameter",
    ),
    Signature(
        id="xss-handler",
        family="xss",
        title="An event handler in an attribute",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(r"[\s\"'`/<>;,\x00]on(?:" + EVENTS + r")\s*=\s*[^=\s]?"),
        positive=('/i?q="+onmouseover=alert(1)', "/i?q=<x%20onend%3D", "/i?q=%22%20autofocus%20onfocus=x"),
        negative=("/i?onload=1&onclick=2", "/i?q=turn+on+the+light"),
        references=("https://owasp.org/www-community/attacks/xss/",),
    ),
    Signature(
        id="xss-uri",
        family="xss",
        title="A javascript: or vbscript: address, or data: with markup",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("args", "path", "referer", "header"),
        pattern=(
            r"(?:j[\r\n\t]*a[\r\n\t]*v[\r\n\t]*a|v[\r\n\t]*b|live)[\r\n\t]*s[\r\n\t]*c[\r\n\t]*r[\r\n\t]*i[\r"
            r"\n\t]*p[\r\n\t]*t\s*:\s*[^\s&]|data:\s*(?:text/html|text/xml|image/svg|application/xhtml|"
            r"text/javascript)|\bfeed:\s*javascript"
        ),
        plain=True,
        positive=("/i?url=javascript:alert(1)", "/i?u=java%09script:x", "/i?u=data:text/html;base64,PHM+"),
        negative=("/i?q=learn+javascript", "/i?lang=javascript"),
        references=("https://owasp.org/www-community/attacks/xss/",),
    ),
    Signature(
        id="xss-call",
        family="xss",
        title="A call that shows that a script ran, or reads what it should not",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\b(?:alert|prompt|confirm|settimeout|setinterval|setimmediate|execscript|msgbox|"
            r"importscripts)(?:/\*.*\*/)?(?:\(|`|\?\.)|\beval\s*[(`]|\bstring\.fromcharcode\b|"
            r"\bdocument[.\[]\s*['\"`]?(?:cookie|write|location|domain|body|createelement|url|referrer|forms|"
            r"documentelement)|\bwindow[.\[]\s*['\"`]?(?:location|name|open|onerror|alert)|\b(?:inner|"
            r"outer)html\s*=|\b(?:self|top|parent|this)\s*\[\s*['\"/`]|\blocation\s*=\s*['\"`]|"
            r"\.source\.concat"
        ),
        plain=True,
        positive=("/i?q=alert(1)", "/i?q=confirm`1`", "/i?q=document.cookie", "/i?q=eval('2+2')"),
        negative=("/i?q=red+alert+(band)", "/i?q=document+cookies"),
        false_positives="questions about programming",
    ),
    Signature(
        id="xss-css",
        family="xss",
        title="Styles that run scripts",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"-moz-binding|\bbehaviou?r\s*:\s*url|\bexpression\s*\(|:\s*url\s*\(\s*['\"]?\s*(?:javascript|"
            r"data)|@import\s*['\"u(]|<\s*style\b"
        ),
        plain=True,
        positive=("/i?style=-moz-binding:url(http://x)", "/i?s=width:expression(alert(1))"),
        negative=("/i?q=facial+expression",),
    ),
    Signature(
        id="xss-breakout",
        family="xss",
        title="An attribute closed and an element opened",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=r"['\"]\s*/?\s*>\s*<|['\"]\s*>\s*(?:$|&)|--\s*!?>\s*<|\]\]>\s*<",
        positive=('/i?q="><x', "/i?q='><b>"),
        negative=("/i?q=a>b",),
    ),
    Signature(
        id="xss-obfuscated",
        family="xss",
        title="Script written without letters, or put together at run time",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"!!?\[\]\s*[+\[)]|\+\s*\[\]\s*[\])+]|\(\s*!\s*\[\]\s*\+|\[\]\s*\[\s*['\"(]|\bfromcharcode\b|"
            r"\batob\s*\(|\\\d{2,3}\\\d{2,3}|\$=~\[\]"
        ),
        positive=("/i?q=[][(![]+[])[+[]]", "/i?q=atob('YQ')"),
        negative=("/i?a[]=1&a[]=2",),
    ),
    Signature(
        id="xss-attribute",
        family="xss",
        title="An attribute that loads or changes what a page shows",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"[\s\"'/<>;](?:style|src|href|formaction|xlink:href|srcdoc|background|dynsrc|lowsrc|action|data|"
            r"xmlns(?::\w+)?|datasrc|datafld|dataformatas|poster|srcset|autofocus|contenteditable|http-equiv|"
            r"fscommand|seeksegmenttime)\s*=\s*[\"'\w#/&]|(?:^|[=&])(?:style|formaction|xmlns)=[^&]*[:(]"
        ),
        positive=("/?q=x%22+style=%22color:red", "/?q=<a+href=x", "/?q=%22%20xlink:href=x"),
        negative=("/?q=life+style",),
        false_positives="markup sent by an editor",
    ),
    Signature(
        id="xss-comment",
        family="xss",
        title="A comment, a CDATA section or an instruction of markup",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=r"<!--|--!?>|<!\[cdata\[|<\?import\b|<!doctype|<%\s|\bvmlframe\b|\.parentnode\b|\]\]>",
        positive=("/?q=<!--x", "/?q=a-->", "/?q=<?import+x"),
        negative=("/?q=a--b",),
    ),
    Signature(
        id="xss-template",
        family="xss",
        title="An expression for a template in the browser that leaves its sandbox",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\{\{.*(?:constructor|\$on|\$eval|\$new|\$apply|_?compile|prototype|call|apply|\(|=|\[).*\}\}|"
            r"\bng-(?:app|init|click|csp|include)\b|\bv-(?:html|on|bind)\b|\bx-data\b|\{\{[^}]*\}\}"
        ),
        positive=("/?q={{constructor.constructor('alert(1)')()}}", "/?q=<x+ng-app>"),
        negative=("/?q={x}",),
        false_positives="links whose placeholders were not filled in",
    ),
    Signature(
        id="xss-method",
        family="xss",
        title="A function called in a way that no text has",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\.(?:call|apply|bind|map|find|filter|sort|foreach|reduce|concat|replace|some|every|then|"
            r"tostring|valueof)\s*(?:\(|`|\?\.)|\[[^\]]*\]\s*\.\s*\w+\s*(?:\(|\.call|`)|\b(?:function|"
            r"async)\s*\w*\s*\([^)]*\)\s*\{|\)\s*=>|=>\s*[\w({]|\(\s*\w*\s*\)\s*\(|(?:self|window|top|this|"
            r"parent|frames|globalthis|document)(?:\[|/\*)|\bnew (?:function|image|xmlhttprequest|websocket|"
            r"worker|eventsource)\b|\bfetch\s*\(|\bnavigator\.|\blocalstorage\b|\bxmlhttprequest\b|"
            r"\bwith\s*\(\s*\w+\s*\)|\bdelete\s+\w+\.|\bvoid\s*\(|\btypeof\s+\w+|\bthrow\s+\w+|\bonerror\s*=|"
            r"\bdebugger\b|\bimport\s*\(|\bsettimeout\b|\bencodeuri\w*\s*\(|\bunescape\s*\(|\bparseint\s*\(|"
            r"\breg(?:exp)?\s*\(\s*/|\"\s*\)\s*;|'\s*\)\s*;"
        ),
        plain=True,
        positive=("/?q=[1].find(alert)", "/?q=fetch('//x')", "/?q=x=>x", "/?q=window[%22x%22]"),
        negative=("/?q=map+of+rome", "/?q=a.b"),
        false_positives="code in a text",
    ),
)

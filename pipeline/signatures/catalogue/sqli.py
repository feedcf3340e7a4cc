"""SQL and NoSQL injection."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Signature

SQLI = (
    Signature(
        id="sqli-union",
        family="sqli",
        title="UNION SELECT, which adds rows of another table to an answer",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\bunion\b[\s(/*!\d]*(?:\b(?:all|distinct|distinctrow)\b)?[\s(/*!\d]*select\b|"
            r"\bunion\b.*\bselect\b.*[(,*\d].*\bfrom\b"
        ),
        plain=True,
        positive=(
            "/item?id=-1+UNION+SELECT+1,2,3",
            "/item?id=1%2520union%2520all%2520select%25201",
            "/i?x=1/**/union/*!50000select*/1",
        ),
        negative=("/search?q=credit+union", "/search?q=union+members+select+a+leader"),
        references=(
            "https://owasp.org/www-community/attacks/SQL_Injection",
            "https://capec.mitre.org/data/definitions/66.html",
        ),
    ),
    Signature(
        id="sqli-select",
        family="sqli",
        title="A SELECT with what no sentence has",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\bselect\b(?:[\s(+/*!\d]|@@)+(?:[\w.`\"\[\]@]+\s*[(,*]|\*|.*\bfrom\b\s*[\w`\"\[(.]+\s+where\b|"
            r".*\bfrom\b\s*\(?\s*(?:dual|information_schema|pg_|mysql\.|sys|users?\b|all_tables|user_tables|"
            r"master\b|msys|sqlite_))|\(\s*select\s+[^)]+\)|\bselect\b\s*@@"
        ),
        plain=True,
        positive=(
            "/i?id=(select+password+from+users)",
            "/i?id=1+and+select+count(*)+from+t",
            "/i?q=select+name+from+users+where+id=1",
        ),
        negative=("/search?q=select+a+gift+from+our+shop", "/list?action=select&from=2020"),
        false_positives="texts about SQL: tutorials, a bug tracker's search",
        references=("https://owasp.org/www-community/attacks/SQL_Injection",),
    ),
    Signature(
        id="sqli-time",
        family="sqli",
        title="A call that makes the database wait, to tell blindly whether it was run",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\b(?:pg_)?sleep\s*\(\s*[\w\"'(. -]|\bbenchmark\s*\(|\bwaitfor\b[\s/*]+(?:delay|time)\b|"
            r"\bdbms_(?:lock\.sleep|pipe\.receive_message)\b|\brandomblob\s*\(|\bgenerate_series\s*\("
        ),
        positive=(
            "/i?id=1+and+sleep(5)",
            "/i?id=1;waitfor+delay+'0:0:5'--",
            "/i?id=1'%7C%7Cpg_sleep(5)--",
            "/i?t=SeleCT%20sLeEp%20%28mOD%2810%2C5%29%29",
        ),
        negative=("/search?q=sleep+music", "/docs/benchmark"),
        references=("https://owasp.org/www-community/attacks/SQL_Injection",),
    ),
    Signature(
        id="sqli-tautology",
        family="sqli",
        title="A condition that is always true or always false, behind a quote or a number",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=("path", "args", "referer", "header"),
        pattern=(
            r"['\"`]\s*\)*\s*(?:or|and|xor|\|\||&&)\s*(?:not\s+)?[\w'\"(!~@.{-]+\s*(?:[=<>!~*/+|&^-]|is\b|"
            r"like\b|in\b|between\b|regexp\b)|(?:\b(?:or|and|xor|having|where|if) |\b(?:or|and|xor|having|"
            r"where|if)\(|\|\||&& |&&\()\s*\(*\s*['\"]?\d+['\"]?\s*\)*\s*(?:=|<|>|!=|\blike\b|\bis\b)|"
            r"['\"]\s*(?:=|<>|!=|<=>|\blike\b|\brlike\b)\s*['\"]|\b(?:or|and) [\d(][\d\s()+*/.-]*[=<>]|"
            r"\d\s*<=>\s*\d|\b\d+ is not (?:\d|null)"
        ),
        plain=True,
        positive=("/i?id=1'+or+'1'='1", "/i?id=1+or+1=1", "/i?id=1%20AND%201=2", "/i?a=42<=>42", "/i?q=x'or+1+>+1"),
        negative=("/search?q=for+better+or+worse", "/search?q=men's+and+women's+shoes", "/i?a=1&or=2"),
        false_positives="filters of an API written as text (OData, JQL)",
        references=("https://owasp.org/www-community/attacks/SQL_Injection",),
    ),
    Signature(
        id="sqli-comment",
        family="sqli",
        title="A quote, and a comment that cuts off the rest of the statement",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=r"['\"`]\s*\)*\s*;?\s*(?:--|#\s*(?:&|$)|/\*)|\b\d+\s*\)*\s*--\s*(?:[+-]\s*)?(?:&|$)|/\*!\d*\s*\w",
        positive=("/i?id=1'--", "/i?user=admin'%23", "/i?id=1)--+-", "/i?q=/*!50000select*/1"),
        negative=("/get?url_slug=my--slugified-url", "/i?a=b--c"),
    ),
    Signature(
        id="sqli-stacked",
        family="sqli",
        title="A second statement behind the first",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r";\s*(?:select\s|insert\s+into|insertion_\d|update\s+\w+\s+set|delete\s+from|drop\s+(?:table|"
            r"database|schema|user|view)|alter\s+(?:table|database|user|login)|create\s+(?:table|database|"
            r"user|function|procedure|login)|truncate\b|exec(?:ute)?[\s(]|declare\s+[@\w]|shutdown\b|"
            r"waitfor\s|merge\s+into|grant\s+\w+|copy\s+\w+)"
        ),
        positive=("/i?id=1;drop+table+users", "/i?id=1';exec+master..xp_cmdshell+'dir'", "/i?id=1;declare+@a+int"),
        negative=("/i?a=1;select=2",),
    ),
    Signature(
        id="sqli-statement",
        family="sqli",
        title="A statement that changes data or what is defined",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\binsert into [\w`\".\[\]]+.*\b(?:values?\s*\(|select\b)|\bdelete from [\w`\".]+(?: where\b|"
            r"\s*;|\s*--)|\bupdate [\w`\".]+ set [\w`\".]+\s*=|\bdrop (?:table|"
            r"database) (?:if exists )?[\w`\"]|\bcreate (?:or replace )?(?:function|procedure|"
            r"trigger) \w+\s*\(|\balter table \w+ (?:add|drop|modify|rename)\b|\btruncate table \w"
        ),
        plain=True,
        positive=(
            "/i?q=insert+into+users+values(1)",
            "/i?q=delete+from+users+where+1",
            "/i?q=CREATE+FUNCTION+hello+(s+CHAR(20))",
        ),
        negative=("/search?q=how+to+delete+from+my+phone", "/search?q=drop+leaf+table"),
        false_positives="texts about SQL",
    ),
    Signature(
        id="sqli-schema",
        family="sqli",
        title="Names of a database's own tables, variables and procedures",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=PAYLOAD,
        pattern=(
            r"\binformation_schema\b|\bpg_(?:catalog|shadow|user|database|tables|read_file|ls_dir)\b|"
            r"\bsys(?:objects|columns|databases|users|tables)\b|\bsqlite_(?:master|schema)\b|\ball_tab(?:les|"
            r"_columns)\b|\bmsysaccessobjects\b|@@(?:version|datadir|hostname|servername|global|session|"
            r"basedir)|\bxp_(?:cmdshell|dirtree|reg\w+|fileexist|subdirs)\b|\bsp_(?:executesql|oacreate|"
            r"oamethod|configure|makewebtask|password|addextendedproc)\b|\butl_(?:http|inaddr|file|smtp)\b|"
            r"\bdbms_\w+\.|\bload_file\s*\(|\binto\s+(?:out|dump)file\b|\bload\s+data\s+(?:local\s+)?infile\b|"
            r"\bprocedure\s+analyse\s*\(|\bopenrowset\s*\(|\bopenquery\s*\(|\bctxsys\."
        ),
        plain=True,
        positive=(
            "/i?id=1+from+information_schema.tables",
            "/i?id=@@version",
            "/i?q=exec+xp_cmdshell",
            "/i?q=1+into+outfile+'/tmp/x'",
        ),
        negative=("/docs/sqlite", "/i?q=my+tables"),
        false_positives="texts about databases",
    ),
    Signature(
        id="sqli-execute",
        family="sqli",
        title="EXEC, EXECUTE IMMEDIATE, PREPARE",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\bexec(?:ute)?\b\s*(?:immediate\b|master\b|\(\s*['\"@]|@|xp_|sp_)|\bprepare\s+\w+\s+from\b|"
            r"\bdeclare\s+@\w+\s"
        ),
        plain=True,
        positive=("/i?q=EXECUTE+IMMEDIATE+%22", "/i?q=exec('select+1')", "/i?q=1+exec+sp_who"),
        negative=("/search?q=execute+well",),
    ),
    Signature(
        id="sqli-error",
        family="sqli",
        title="A function that carries what was read into an error message",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\b(?:extractvalue|updatexml|exp\s*\(\s*~|gtid_subset|polygon\s*\(\s*\(|name_const|xmltype|"
            r"ordsys\.|geometrycollection|multipoint|json_keys)\s*\(|\bfloor\s*\(\s*rand\s*\("
        ),
        positive=("/i?id=extractvalue(1,concat(0x7e,version()))", "/i?id=1+and+updatexml(1,2,3)"),
        negative=("/i?q=extract+value",),
    ),
    Signature(
        id="sqli-function",
        family="sqli",
        title="Database functions called in a parameter",
        severity="medium",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"\b(?:group_concat|concat_ws|unhex|char_length|octet_length|ascii|ord|substring|substr|mid|hex|"
            r"conv|chr|nchr|char|unistr|ifnull|nullif|isnull|nvl|coalesce|current_user|session_user|"
            r"system_user|database|schema|user|version|row_count|last_insert_id|found_rows|aes_decrypt|md5|"
            r"sha1|if|elt|field|div|mod|lpad|rpad|to_char|unixepoch|strftime|julianday|load_extension|"
            r"pg_client_encoding|quote_literal|crc32|bin|cot|pi|rand|round|greatest|least|length|count|cast|"
            r"convert|concat)\s*\(\s*[^)&]*\)?\s*(?:[-+*/=<>|,)]|::|\band\b|\bor\b|\bfrom\b|--|#)|"
            r"\b(?:current_user|session_user|unistr\s*\([^)]*\))\s*::|\bdiv\s*\(\s*\d|\b(?:database|version|"
            r"user|current_user|schema)\s*\(\s*\)|\bcast\s*\(.*\bas\s+(?:int|char|numeric|varchar|signed)|"
            r"\bconvert\s*\(\s*int\b"
        ),
        positive=(
            "/i?id=1%2bcurrent_user::int",
            "/i?id=div(23,-2)",
            "/i?id=1+and+ascii(substr(user(),1,1))>64",
            "/i?id=database()",
        ),
        negative=("/i?q=count+of+monte+cristo",),
        false_positives="formulas in a search box, functions of a graph's query (Graphite)",
    ),
    Signature(
        id="sqli-order",
        family="sqli",
        title="ORDER BY or GROUP BY a number, to count columns",
        severity="medium",
        confidence="medium",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"(?:['\")]|\d)\s*(?:order|group) by (?:\d+|[\w.]+\s*(?:--|#|/\*))|\b(?:order|"
            r"group) by \d+\s*(?:--|#|/\*|$|&)|\bhaving \d+\s*=|\blimit \d+\s*,\s*\d+\s*(?:--|#|into)"
        ),
        plain=True,
        positive=("/i?id=1+order+by+10", "/i?id=1'+group+by+3--"),
        negative=("/search?q=order+by+phone",),
    ),
    Signature(
        id="sqli-like",
        family="sqli",
        title="LIKE, IN or BETWEEN as part of an expression",
        severity="medium",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"\)\s*(?:like|in|between|regexp|rlike)\s*\(|['\"]\s*(?:like|rlike|regexp|between|in)\s*[('\"]|"
            r"\blike\s*['\"]%|\bsounds\s+like\s*['\"]"
        ),
        positive=("/i?q=)+like+(", "/i?q=x'+like+'%25"),
        negative=("/search?q=places+like+(these)",),
    ),
    Signature(
        id="sqli-json",
        family="sqli",
        title="Operators of JSON in SQL, which filters did not know",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"::\s*(?:jsonb?|int|integer|text|bool|boolean|regclass|varchar)\b|#>>?\s*['{]|\bjson_(?:extract|"
            r"depth|length|value|contains|query)\s*\(|'\$\.[^']*'|[}\]]'\s*(?:<|>|@>|<@|\?)"
        ),
        positive=("/i?q='%7B%22a%22:1%7D'::json", "/i?q=json_extract('%7B%7D','$.a')"),
        negative=('/i?filter={"a":1}',),
    ),
    Signature(
        id="sqli-if",
        family="sqli",
        title="A conditional expression over what was read",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\{\s*if\b|\bif\s*\(\s*(?:\(|substr|ascii|length|select|ord|mid|\d+\s*[=<>])|"
            r"\bcase\s+when\b.*\bthen\b|\biif\s*\(|\bdecode\s*\(\s*\w+\s*,"
        ),
        plain=True,
        positive=("/i?id=9+or+{if+length(user)}", "/i?id=if(1=1,sleep(1),0)", "/i?id=case+when+1=1+then+1+else+0+end"),
        negative=("/i?q=just+in+case",),
    ),
    Signature(
        id="sqli-quote",
        family="sqli",
        title="A lone quote where a name or a number is expected",
        severity="low",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=("args",),
        pattern=r"=[\w.-]*\d['\"`](?:&|$)|(?:^|&)['\"`]\w*['\"`]?(?:=|&|$)|=['\"](?:&|$)|=[\w.-]+['\"]['\"(]",
        positive=("/i?id=1'", "/i?'bla'", "/i?x='"),
        negative=("/search?q=%22red+shoes%22", "/search?q=o'neill"),
        false_positives="a link copied together with a quote behind it",
    ),
    Signature(
        id="nosql-operator",
        family="nosql",
        title="An operator of MongoDB where a value belongs",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\[\$(?:ne|eq|gte?|lte?|n?in|regex|where|exists|or|and|nor|not|type|expr|size|all|elemmatch|"
            r"options|mod|text)\]|[\"']?\$(?:ne|gte?|lte?|nin|regex|where|exists|expr|elemmatch)[\"']?\s*:|"
            r"\bthis\.\w+\s*[=!]=|;\s*return\s+(?:true|1)\b|\bdb\.\w+\.(?:find|insert|drop|remove|update)\s*\("
        ),
        positive=("/login?user[$ne]=x", "/i?q={%22$where%22:%221%22}", "/i?u_id[$gt]="),
        negative=("/i?price[gt]=5", "/i?q=$10"),
        references=("https://owasp.org/www-project-web-security-testing-guide/",),
    ),
    Signature(
        id="ldap-filter",
        family="ldap",
        title="An LDAP filter opened or closed within a value",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=ARGS,
        pattern=(
            r"\*\s*\)\s*\(\s*[|&!]?|!\(\(\)&&!\||\^\(#\$!@#\$\)|\)\s*\(\s*[|&]\s*\(|\(\s*[|"
            r"&!]\s*\(\s*\w+\s*[~<>]?=|\)\s*\(\s*(?:objectclass|uid|cn|mail|userpassword|samaccountname)\s*="
        ),
        positive=("/i?user=*)(uid=*))(|(uid=*", "/i?q=admin)(%26(password=*))"),
        negative=("/i?q=(a)(b)",),
        references=("https://owasp.org/www-community/attacks/LDAP_Injection",),
    ),
    Signature(
        id="sqli-number",
        family="sqli",
        title="A number at the edge of what a database can hold",
        severity="low",
        confidence="medium",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"\b(?:2\.2250738585072007e-308|2\.2250738585072011e-308|1e309|2147483648|2147483647|4294967295|"
            r"4294967296|9223372036854775807|9223372036854775808|18446744073709551615|00000000012345|"
            r"0000012345)\b|-214748364[89]|\d\.?e[+-]?\d*\s*\(|=0x[0-9a-f]{6,}\b|\b0x(?:3c|22|27|5b|7e|2d|3a|"
            r"[46]\d)[0-9a-f]{4,}|\bx'[0-9a-f]{2,}'"
        ),
        plain=True,
        positive=("/?id=2.2250738585072007e-308", "/?id=1.e(1)", "/?id=0x414243444546"),
        negative=("/?id=214748",),
        false_positives="numbers that mean “no limit”; colours and hashes written with 0x",
    ),
    Signature(
        id="sqli-operator",
        family="sqli",
        title="Operators of SQL between values",
        severity="low",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"\b(?:sounds like|is (?:not )?null|not (?:like|in|between|regexp|rlike)|regexp binary|"
            r"like binary|rlike|in boolean mode|against ?\(|match ?\([^)]*\) ?against|having \w+|"
            r"character set|collate \w+_\w+|for xml (?:path|raw|auto)|with rollup|escape '|ilike|similar to|"
            r"union all|is distinct from)\b|['\"\d)]\s*(?:\|\||!=|<>|<<|>>|\^)\s*['\"\d(@]|['\"\d)]\s*(?:&&|"
            r":=|~\*?)\s*['\"(]|\bmerge\b.*\busing ?\(|\busing ?\(\s*\w+\s*\)|\bin ?\(\s*(?:select|['\"\d])|"
            r"\bwhere [^&]*(?:[=<>]|\blike\b|\bin\b)|\bfrom \w+ (?:where|limit|order|group|into|union)\b|"
            r"\bselect\b[^&]*\bfrom\b|\bexcept ?\(? ?(?:select|values)\b|\bvalues ?\([^)]*\) ?(?:--|union|"
            r"except|intersect|$)|\bintersect ?\(? ?select\b|\bxor ?['\"(]|\bxor \d|\bregexp ?['\"(]|"
            r"\brlike ?['\"(]|\bnot between\b|\bnot exists\b|\bexists ?\(|\b(?:and|or) \(?\w+ ?(?:=|<|>|!=|"
            r"like) ?['\"(\d]|\b(?:and|or)\([^)]*[=<>]"
        ),
        plain=True,
        positive=("/?q=a+is+not+null", "/?q=1||1", "/?q=match(a)against(b)", "/?q=x+in+(1,2)"),
        negative=("/?q=null", "/?q=selected+works"),
        false_positives="a query language of an API; a search that looks like one",
    ),
    Signature(
        id="sqli-database",
        family="sqli",
        title="Names of databases that come with a server",
        severity="medium",
        confidence="medium",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"\b(?:tempdb|northwind|msdb|mysql\.(?:db|user|host|proc|innodb)|pg_toast|performance_schema|"
            r"msysrelationships|msyscolumns|msysqueries|msysaces|msysmodules|master\.\.|db_name ?\(|"
            r"database ?\(|schema_name|table_schema|table_name|column_name|user_(?:tables|objects|tab_columns|"
            r"constraints|db_links|ind_columns|password|users)|all_(?:objects|users|tables)|sys\.(?:tables|"
            r"objects|databases|user_\w+|all_\w+|database_name|fn_\w+)|syscat|sysibm|rdb\$|v\$version)\b|"
            r"\bfrom dual\b"
        ),
        plain=True,
        positive=("/?q=tempdb", "/?q=x+from+dual", "/?q=table_name"),
        negative=("/?q=table+names",),
        false_positives="texts about databases",
    ),
    Signature(
        id="sqli-terminator",
        family="sqli",
        title="A quote and the end of a statement, or a quote that opens nothing",
        severity="low",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=ARGS,
        pattern=(
            r"['\"`]\s*\)*\s*;|['\"`]\s*[-+*/^|&%~]\s*['\"\d(]|['\"`]\s*\)*\s*(?:or|and|union|order|having|"
            r"where|limit|like|in|is|between|div|mod|xor|rlike|regexp|group|into|procedure|not|select|insert|"
            r"update|delete|drop)\b|['\"`´’‘][\s\w]*['\"`´’‘]\s*[=<>+|]|\w['\"`]\s*[+|=]\s*|"
            r"['\"`]\s*[<>=]+\s*\w|\\['\"]\s*(?:;|--|or\b|and\b|union\b)"
        ),
        positive=("/?id=1';", "/?id='or", "/?x=a'%2bb"),
        negative=("/?q=it's",),
        false_positives="quotes in a search",
    ),
    Signature(
        id="sqli-orm",
        family="sqli",
        title="A lookup of Django's as the name of a parameter",
        severity="low",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=("args",),
        pattern=(
            r"(?:^|&)\w+__(?:i?startswith|i?endswith|i?contains|i?exact|i?regex|gte?|lte?|in|isnull|range|"
            r"year|month|day|week\w*|quarter|hour|minute|second|date|time|search|contained_by|has_keys?|"
            r"has_any_keys|overlap|len|trigram_\w+|unaccent|password|is_superuser|is_staff|token|key|"
            r"secret)(?:__\w+)*="
        ),
        plain=True,
        positive=("/?username__istartswith=p",),
        negative=("/?a_b=1",),
        false_positives="APIs whose filters are these lookups",
    ),
    Signature(
        id="sqli-comment-mark",
        family="sqli",
        title="The mark of a comment of SQL",
        severity="low",
        confidence="low",
        techniques=("T1595.002", "T1190"),
        where=("args", "referer"),
        pattern=r"/\*.*\*/|--(?:\s|$|&|\+)|;\s*#|#\s*$|\*/",
        positive=("/?q=a/**/b", "/?q=1+--+x"),
        negative=("/get?url_slug=my--slugified-url",),
        false_positives="dashes in a text, code",
    ),
)

"""Code of PHP and ASP, to be run."""

from pipeline.signatures.signature import ARGS, PAYLOAD, Signature

PHP = (
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
)

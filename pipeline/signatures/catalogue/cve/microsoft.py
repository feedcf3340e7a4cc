"""Microsoft's servers, and what runs on ASP.NET."""

from pipeline.signatures.signature import Example, Signature

MICROSOFT = (
    Signature(
        id="cve-exchange-proxyshell",
        family="cve",
        title="Exchange: ProxyLogon, ProxyShell, ProxyNotShell",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/autodiscover/autodiscover\.(?:json|xml).*(?:@|powershell|/mapi|/ews|%40)|/ecp/(?:y\.js|"
            r"program\.js|x\.js|default\.flt|ddi/ddiservice\.svc|proxylogon\.ecp|current/exporttool|"
            r"auth/\w\.js|main\.css|temp\.js)|/owa/auth/x\.js|/aspnet_client/[\w/-]*\.aspx|"
            r"/powershell/?\?x-rps-cat"
        ),
        plain=True,
        positive=(
            (
                "/autodiscover/autodiscover.json?@evil.corp/mapi/nspi/?&Email=autodiscover/autodiscover.jso"
                "n%3F@evil.corp"
            ),
            "/ecp/y.js",
            "/aspnet_client/shell.aspx",
            "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application",
        ),
        negative=("/owa/auth/logon",),
        false_positives="Outlook asks autodiscover.json on an Exchange server of one's own",
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2021-26855",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-34473",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-41040",
        ),
    ),
    Signature(
        id="cve-sharepoint",
        family="cve",
        title="SharePoint: ToolShell and the older ways in",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/_layouts/(?:1\d/)?(?:toolpane\.aspx|spinstall\d*\.aspx|picker\.aspx|closeconnection\.aspx)|"
            r"/_vti_bin/(?:webpartpages\.asmx|client\.svc|_vti_aut)|/_api/web/(?:siteusers|currentuser)|"
            r"/_layouts/15/download\.aspx\?|/_vti_(?:pvt|inf|cnf)|/_vti_bin/shtml\."
        ),
        plain=True,
        positive=(
            "/_layouts/15/ToolPane.aspx?DisplayMode=Edit",
            "/_layouts/16/spinstall0.aspx",
            "/_vti_pvt/service.pwd",
        ),
        negative=("/_layouts/15/start.aspx",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2019-0604",
            "https://nvd.nist.gov/vuln/detail/CVE-2023-29357",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-53770",
        ),
    ),
    Signature(
        id="cve-iis-webdav",
        family="cve",
        title="IIS: long property searches, short names, ASP source",
        severity="medium",
        confidence="high",
        techniques=("T1190",),
        where=("url", "line"),
        pattern=(
            r"\*~\d|~\d\*|~1\.|/iisadmpwd|/iishelp|/iissamples|/msadc/|/_mem_bin|/scripts/(?:\.\.|root\.exe|"
            r"cmd|cpshost|iisadmin|tools|nsiislog)|\.(?:ida|idq|idc|htr|printer)(?:$|\?)|::\$data|"
            r"/null\.printer"
        ),
        plain=True,
        positive=(
            "/default.ida?XXXX",
            "/scripts/cpshost.dll",
            "/a.asp::$DATA",
            "/msadc/msadcs.dll",
            "/iisadmpwd/aexp.htr",
        ),
        negative=("/scripts/app.js",),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2001-0500", "https://nvd.nist.gov/vuln/detail/CVE-2017-7269"),
    ),
    Signature(
        id="cve-telerik",
        family="cve",
        title="Telerik UI: upload and serialised objects",
        severity="medium",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/telerik\.web\.ui\.(?:webresource\.axd\?.*type=rau|dialoghandler\.aspx|spellcheckhandler)|"
            r"/desktopmodules/admin/radeditorprovider/dialoghandler\.aspx|/telerik\.reportviewer\.axd|"
            r"/startup/register"
        ),
        plain=True,
        positive=("/Telerik.Web.UI.WebResource.axd?type=rau", "/Telerik.Web.UI.DialogHandler.aspx"),
        negative=("/Telerik.Web.UI.WebResource.axd?d=x",),
        false_positives="sites whose own pages upload by Telerik",
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2017-9248",
            "https://nvd.nist.gov/vuln/detail/CVE-2017-11317",
            "https://nvd.nist.gov/vuln/detail/CVE-2019-18935",
            "https://nvd.nist.gov/vuln/detail/CVE-2024-4358",
        ),
    ),
    Signature(
        id="cve-sitecore-dnn",
        family="cve",
        title="Sitecore, DotNetNuke, Umbraco, Kentico, Episerver",
        severity="low",
        confidence="medium",
        techniques=("T1190",),
        where=("url",),
        pattern=(
            r"/sitecore/(?:shell/(?:sitecore|clientbin/reporting/report\.ashx|applications)|admin|login|"
            r"blocked)|/-/xaml/sitecore|/dnnpersonalization|/desktopmodules/.*\.(?:asmx|ashx)|"
            r"/install/install(?:wizard)?\.aspx|/umbraco/(?:surface|backoffice|developer|webservices|install)|"
            r"/cmspages/|/cmsinstall|/stagingsyncserver|/providers/htmleditorproviders|/link\.asmx|/episerver/"
        ),
        plain=True,
        positive=(
            "/sitecore/shell/ClientBin/Reporting/Report.ashx",
            "/-/xaml/Sitecore.Shell.Xaml.WebControl",
            "/Install/InstallWizard.aspx",
        ),
        negative=("/sitecore-guide",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2017-9822",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-42237",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-53690",
        ),
    ),
    Signature(
        id="cve-http-sys-range",
        family="cve",
        title="HTTP.sys: a range that ends at 2^64 - 1",
        severity="high",
        confidence="high",
        techniques=("T1190",),
        where=("header",),
        pattern=r"bytes=\d+-18446744073709551615",
        plain=True,
        positive=(Example(headers=(("Range", "bytes=0-18446744073709551615"),)),),
        negative=(Example(headers=(("Range", "bytes=0-100"),)),),
        references=("https://nvd.nist.gov/vuln/detail/CVE-2015-1635",),
    ),
    Signature(
        id="cve-manageengine",
        family="cve",
        title="ManageEngine: sign-on, uploads, REST",
        severity="high",
        confidence="medium",
        techniques=("T1190",),
        where=("url", "line"),
        pattern=(
            r"/restapi/(?:logonpreference|wc/integration|licensemgr|connection)|/\./restapi/|"
            r"/servlet/(?:fileuploadservlet|accountconfirmation|com\.adventnet)|/samlresponseservlet|/samlsp|"
            r"/rest/api/[\w/.]*/servicedesk|/servicedesk/.*saml|/fos/statusupdate|/agentlogupload|"
            r"/mdm/client/v\d|/dc-?login|/client-data/\d+/collections|/status/reports/.*jsp|"
            r"/event/index\.do\?.*conv|/servlets/fetchfile|/workorder/|/rest/v1/wo/"
        ),
        plain=True,
        positive=("/./RestAPI/LicenseMgr", "/servlet/FileUploadServlet", "/SamlResponseServlet"),
        negative=("/restapi",),
        references=(
            "https://nvd.nist.gov/vuln/detail/CVE-2021-40539",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-44077",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-35405",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-47966",
        ),
    ),
)

"""User agents of tools that scan and attack. Ordinary libraries are worth a count, no more."""

from pipeline.signatures.signature import Example, Signature

AGENTS = (
    Signature(
        id="agent-exploit",
        family="agent",
        title="A tool that attacks: injects, guesses passwords, drops shells",
        severity="high",
        confidence="high",
        techniques=("T1595.002", "T1190"),
        where=("agent",),
        pattern=(
            r"\bsqlmap\b|\bsqlninja\b|\bhavij\b|\bbsqlbf\b|\bsqlpowerinjector\b|\bpangolin\b|\bjbrofuzz\b|"
            r"\bcommix\b|\bxsser\b|\bhydra\b|\bmedusa\b|\bbrutus\b|\bpatator\b|\bmetasploit\b|\bmeterpreter\b|"
            r"\bweevely\b|\bgrabber\b.*\bscan|\bmorfeus\b|\bzmeu\b|\bmuieblackcat\b|\bthc-|\bbeef\b/|"
            r"\blog4j\w*scan|\bl9explore\b|\bl9tcpid\b|\bhello,? world\b|\bmozi\.[am7]\b|\bbotnet\b|\bmirai\b|"
            r"\bkrebs|\bgafgyt\b|\bdark\.?nexus\b|\bpython/exploit|\bmasspwn|\bxmlrpc-?brute|\bwpbrute|"
            r"\bcasper bot search\b|\bplanetwork\b|\bw00tw00t\b|\brondo\w*\b|\br00ts3c"
        ),
        positive=(
            Example(agent="sqlmap/1.7.2#stable (https://sqlmap.org)"),
            Example(agent="Mozilla/5.0 (Hydra)"),
            Example(agent="ZmEu"),
            Example(agent="Hello, World"),
        ),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
            Example(agent="Medusae-News/1.0"),
        ),
        false_positives="a tester who was asked to",
    ),
    Signature(
        id="agent-scanner",
        family="agent",
        title="A scanner of vulnerabilities",
        severity="medium",
        confidence="high",
        techniques=("T1595.002",),
        where=("agent",),
        pattern=(
            r"\bnikto\b|\bnessus\b|\bopenvas\b|\bacunetix\b|\bnuclei\b|\bnetsparker\b|\binvicti\b|\bw3af\b|"
            r"\barachni\b|\bwapiti\b|\bskipfish\b|\bvega/|\bzaproxy\b|\bowasp[ _-]?zap\b|\bburp(?:suite|"
            r" ?collaborator)?\b|\bappscan\b|\bwebinspect\b|\bqualys\w*\b|\bdetectify\b|\bwhatweb\b|"
            r"\bwpscan\b|\bjoomscan\b|\bjoomlavs\b|\bdroopescan\b|\bcmsmap\b|\bjaeles\b|\bxray\b|\bgoby\b|"
            r"\bfscan\b|\bvulscan|\bgolismero\b|\bparos\b|\bgrendel-scan\b|\bwebshag\b|\bn-stealth\b|"
            r"\bwhisker\b|\bwikto\b|\bblackwidow\b|\bcgichk\b|\bfimap\b|\bdotdotpwn\b|\buniscan\b|"
            r"\bsecurityscan\w*|\bwebcruiser\b|\bscan4all\b|\bpaloaltonetworks\b|\bdirb\b|\bwfuzz\b|"
            r"\bprobely\b|\btenable\b|\brapid7\b|\bnexpose\b|\binternet[- ]?wide-scan|\bchangeway\b|"
            r"\bwebscanner\b|\bintruder\.io\b|\bscanner\b|\bcheckmarx\b|\bveracode\b|\bvulnerability\b|"
            r"\bpentest\w*\b|\bsecurity[ .-]?(?:scan|test|audit)"
        ),
        positive=(
            Example(agent="Mozilla/5.00 (Nikto/2.1.6)"),
            Example(agent="Nuclei - Open-source project (github.com/projectdiscovery/nuclei)"),
            Example(agent="WPScan v3.8.22"),
            Example(agent="Mozilla/5.0 (compatible; Acunetix)"),
        ),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
        false_positives="the scanner that a site's owner pays for",
    ),
    Signature(
        id="agent-bruteforcer",
        family="agent",
        title="A tool that guesses paths or names",
        severity="medium",
        confidence="high",
        techniques=("T1595.003",),
        where=("agent",),
        pattern=(
            r"\bgobuster\b|\bdirbuster\b|\bdirsearch\b|\bferoxbuster\b|\bffuf\b|fuzz faster u fool|"
            r"\brustbuster\b|\bcrlfuzz\b|\bdirmap\b|\bwebsploit\b|\bfuzz(?:er|ing)?\b|\burlbuster\b|"
            r"\bkiterunner\b|\bgau/|\bgospider\b|\bhakrawler\b|\bkatana\b|\bbackupbrute|\bcansina\b|\b(?:dir|"
            r"file)brute|\bparam(?:spider|miner)\b|\barjun\b|\baquatone\b|\bsubfinder\b|\bamass\b"
        ),
        positive=(
            Example(agent="gobuster/3.6"),
            Example(agent="Fuzz Faster U Fool v2.0.0"),
            Example(agent="DirBuster-1.0-RC1 (http://www.owasp.org)"),
            Example(agent="feroxbuster/2.10"),
        ),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
    ),
    Signature(
        id="agent-portscan",
        family="agent",
        title="A scanner of ports and services",
        severity="low",
        confidence="high",
        techniques=("T1595.001",),
        where=("agent",),
        pattern=(
            r"\bnmap\b|\bmasscan\b|\bzgrab\b|\bzmap\b|\bhttpx\b - open-source|\bprojectdiscovery\b|\bnaabu\b|"
            r"\bunicornscan\b|\bfofa\b|\bshodan\b|\bcensys(?:inspect)?\b|\bzoomeye\b|\bquake\b.{0,9}\b360|"
            r"\bleakix\b|\bl9scan\b|\binternetmeasurement\b|\binternet-census\b|\bexpanse\b|"
            r"\bpalo alto networks\b|\bnetsystemsresearch\b|\bnetcraft\b|\bshadowserver\b|\bbinaryedge\b|"
            r"\bonyphe\b|\brwth\b|\bstretchoid\b|\bcyberresilience\b|\bgdnplus\b|\bcriminalip\b|"
            r"\bhunter\.how\b|\bodin\b|\bipip\.net\b|\bscaninfo@|\bmodat\w*\b|\bvisionheight\b|"
            r"\bcensysinspect|\brecyber\b|\balphastrike\b|\balittle client\b|\bnetscoutscan|\bresearchscan\b|"
            r"\bdataprovider\b|\bcypex\b|\bonlyscans\b|\bip-?scan|\bbitsight\w*|\bgenomecrawler\w*|"
            r"\bpdrlabs\b|\bsecuritytrails\b|\binetdex\b|\bxpanse\b"
        ),
        positive=(
            Example(agent="masscan/1.0 (https://github.com/robertdavidgraham/masscan)"),
            Example(agent="Mozilla/5.0 zgrab/0.x"),
            Example(agent="Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)"),
            Example(agent="Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)"),
        ),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
        false_positives="research projects that say who they are",
    ),
    Signature(
        id="agent-flooder",
        family="agent",
        title="A tool that loads a server",
        severity="low",
        confidence="medium",
        techniques=("T1499.002",),
        where=("agent",),
        pattern=(
            r"\bapachebench\b|\bsiege/|\bloic\b|\bhoic\b|\bslowloris\b|\bgoldeneye\b|\bhulk\b|\bxerxes\b|"
            r"\btorshammer\b|\brudy\b|\bwrk/|\bvegeta\b|\bhey/|\bfasthttp\b|\bjmeter\b|\blocust/|"
            r"\bbombardier\b|\bk6/"
        ),
        positive=(Example(agent="ApacheBench/2.3"), Example(agent="hey/0.0.1"), Example(agent="fasthttp")),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
        false_positives="load tests, which are made on purpose; programs built on fasthttp",
    ),
    Signature(
        id="agent-harvester",
        family="agent",
        title="A program that copies sites or gathers addresses",
        severity="low",
        confidence="medium",
        techniques=("T1595",),
        where=("agent",),
        pattern=(
            r"\bhttrack\b|\bwebcopier\b|\bwebzip\b|\bteleport\b|\bsitesnagger\b|\bwebsucker\b|\bwebstripper\b|"
            r"\bwebwhacker\b|\bemailsiphon\b|\bemailwolf\b|\bextractorpro\b|\bcherrypicker\b|"
            r"\bemailcollector\b|\bwebbandit\b|\bcopyrightcheck\b|\blibwww-perl\b|\bnetspider\b|"
            r"\bpagegrabber\b|\bwww-mechanize\b|\bsuperbot\b|\boffline explorer\b|\bwebreaper\b|\bgrabnet\b|"
            r"\bindy library\b|\bsnapbot\b|\bjorgee\b|\bwinhttp\.winhttprequest\b|\bdatacha0s\b|\btoata\b|"
            r"\bmorpheus\b|\bpmafind\b|\bsysscan\b|\bjakarta commons\b|\bperl tester\b|\bcollector\b|"
            r"\bdownload (?:demon|wonder|ninja)\b|\bflashget\b|\bhtmlparser/|\bcheesebot\b|"
            r"\bemail[ _-]?extract\w*"
        ),
        positive=(
            Example(agent="Mozilla/4.5 (compatible; HTTrack 3.0x; Windows 98)"),
            Example(agent="libwww-perl/6.05"),
        ),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
        false_positives="mirrors and link checkers that a site's owner runs",
    ),
    Signature(
        id="agent-none",
        family="agent",
        title="A user agent that is a placeholder of an attack tool, or has been forgotten",
        severity="low",
        confidence="low",
        techniques=("T1595",),
        where=("agent",),
        pattern=(
            r"^(?:user-agent|useragent|user agent|mozilla/5\.0|mozilla|null|undefined|none|\{\{.*|\$\w+|'|"
            r"\")$|^user-agent\s*:|^mozilla/5\.0 \(\)$"
        ),
        positive=(Example(agent="Mozilla/5.0"), Example(agent="User-Agent"), Example(agent="User-Agent: Mozilla/5.0")),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
        false_positives="home-made programs",
    ),
    Signature(
        id="agent-crawler",
        family="agent",
        title="A crawler that gathers links or texts for others than its site's visitors",
        severity="info",
        confidence="high",
        techniques=("T1595",),
        where=("agent",),
        pattern=r"\bmj12bot\b|\bmegaindex\b|\bblexbot\b|\bdotbot\b|\bxenu\b|\blinkwalker\b",
        positive=(Example(agent="Mozilla/5.0 (compatible; MJ12bot/v1.4.4; http://www.majestic12.co.uk/bot.php?+)"),),
        negative=(
            Example(
                agent=(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12"
                    "0.0 Safari/537.36"
                )
            ),
        ),
        false_positives="all of them say who they are",
    ),
)

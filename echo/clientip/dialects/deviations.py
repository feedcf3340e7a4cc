"""
Where a dialect knowingly answers otherwise than its program.

Every row of the corpus passes; these are inputs beside it. Each line: program, what differs, why.
"""

KNOWN_DIFFERENCES = (
    ("apache", "Host names but `localhost` name nobody", "httpd resolves them: a look-up that the client chose."),
    ("apache", "Interface names as zones are no addresses", "Whether they are depends on the machine httpd runs on."),
    ("apache", "Masks with gaps and other rare spellings of a proxy network are refused", "Nobody means them."),
    ("envoy", "Interface names as zones are no addresses", "Whether they are depends on the machine Envoy runs on."),
    ("envoy", "A peer of loopback: X-Forwarded-For is left out of what is sent", "Envoy writes its own address there."),
    ("haproxy", "An empty header name and an occurrence of more than 31 bits are refused", "HAProxy takes any field."),
    ("ingress-nginx", "PROXY UNKNOWN and LOCAL count as no PROXY header", "The two look the same to a dialect."),
    ("nginx", "Host names in trust lists are refused", "nginx resolves them when it starts."),
    ("rack", "An entry of more than 256 characters is no authority", "A bound; no address is as long."),
)

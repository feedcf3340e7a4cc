"""
Block lists: alerts to entries, entries to what a firewall, a server or another product reads.

    entries      alerts → networks, each with its rules, its evidence and when it ends
    guard        what is never blocked, and the reason that is told
    merging      no entry within another; neighbours joined, where asked
    formats      the table of formats; lists, firewalls, crowdsec, stix write them
    difference   what an existing list would gain and lose

Rules:

1. An address is blocked for what it did, never for what somebody wrote: text of a log reaches a list only through
   `comments.safe`, or as a value of JSON.
2. What is trusted, private, ours, or not an address of a client is refused, and that is said. A network is refused if
   any address of it would be.
3. A list adds no address to those of its alerts, but for IPv6, where a host has its /64.
4. An entry ends by the time of its alert's last request, so the same lake gives the same list; joining entries never
   makes one last longer than its own alerts say.
"""

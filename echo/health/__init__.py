"""
Is the server able to take requests? For a container's HEALTHCHECK, and for people.

    servers.py    which servers run here, and where each was told to listen (/proc)
    listening.py  where a process listens, where it was not told a place (/proc)
    ask.py        one request on a raw socket: no HTTP library, no TLS where there is none

It runs every few seconds in every container, so it imports what it needs and no more.
"""

"""
The timeline of one subject, for who has to answer what happened: `whofrom trace IP|CIDR|AS|REQUEST-ID|USER`.

    subject → scan (one filtered read of the lake, the rest from its rows) → story (one object) → text, JSON, page

`stages`, `folding`, `hops`, `forged` and `blocking` judge; they are pure functions on values.
"""

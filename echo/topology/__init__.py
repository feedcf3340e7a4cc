"""
`whofrom topology`: from what kubectl says of a cluster to the [network] and [trust] of a whofrom.toml.

The way through: bytes → `documents` (JSON, bounded) → `cluster` (typed values, by `view`) → `facts` (worked out once)
→ `addresses`, `exposure`, `trust` (rules, with `known`'s tables) → `proposal` → `toml` (text). `command` reads and
writes.

Rules of this package:

1. What is read was written by whoever may make objects in the cluster. The text is therefore a proposal: beside each
   trusted address stands whose it is and why, and what would let others forge is commented out.
2. Only the kinds and fields named in `cluster` are looked at; nothing else is kept, quoted or printed.
3. A field of the wrong shape is said on stderr and reads as absent. Nothing is guessed in its place.
4. What is inferred is called inferred where it is written.
"""

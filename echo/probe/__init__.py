"""
`whofrom probe URL`: what the way to a server does to a client's address and to forged headers, seen from the client.

Down the tree: `canaries` is the table of what is sent, `target` the URL, `client` the one place with sockets, `answers`
reads what a server says, `run` asks and keeps what was `seen`. `fates`, `connections`, `paths` and `notes` say what the
path did, `arrival` whether the address arrived, `judge` what follows, in the words of `outcomes`; `report` tells it,
`command` is the command.
"""

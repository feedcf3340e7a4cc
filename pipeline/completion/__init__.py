"""
What a shell completes: `whofrom completion SHELL` prints a script that asks `whofrom` itself, at each TAB.

click does the work. `words` adds what click cannot know: which texts are names of files, ranges, formats, dialects.

    the script sets _WHOFROM_COMPLETE=bash_complete and the words so far; `complete` prints what may come next

This file imports nothing: the command looks at VARIABLE at every start.
"""

VARIABLE = "_WHOFROM_COMPLETE"
SHELLS = ("bash", "zsh", "fish")

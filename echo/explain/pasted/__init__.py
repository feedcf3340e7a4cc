"""
What people paste for `whofrom explain`: requests, answers of `/`, records, lines of access logs.

    lines → split → pieces → forms → Pasted (who connected, the headers, what the writer of the line had concluded)
          → offline → Explanation → tell

1. Pure functions on text; `run` alone meets files and streams, `lines` bounds what is read. Time is linear in the text.
2. What is the other end of a connection, what a program derived and what is only a header are kept apart: a note says
   so wherever a form leaves it open. No address is guessed.
3. A line that is nothing known says of every form that was tried why it is not that. Nothing is dropped silently but
   what a terminal shows around a request: prompts, curl's and tcpdump's own lines, answers.
"""

from echo.explain.pasted.forms import AUTO, FORMS, read
from echo.explain.pasted.offline import Desk, Ends
from echo.explain.pasted.pasted import NOTES, Form, NoRequest, Pasted, Unlike

__all__ = ["AUTO", "FORMS", "NOTES", "Desk", "Ends", "Form", "NoRequest", "Pasted", "Unlike", "read"]

"""
What ends a probe, or one of its requests.

    Fault (echo.clientip)
    └── ProbeFault          a request got no answer that says anything (exit 1)
        └── Unanswered      another attempt may get one: refused, timed out, cut off, 5xx
"""

from echo.clientip import Fault


class ProbeFault(Fault):
    """Nothing can be said: the fault, the place (the URL), the next step."""


class Unanswered(ProbeFault):
    """A request got no answer; the next may."""

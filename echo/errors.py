"""
What goes wrong in the server, said so that the reader can act.

    Fault                     (echo.clientip) the fault, the place, the next step; and the exit code
    ├── ConfigFault           (echo.clientip) the TOML or a flag is wrong
    └── StartupFault          the server could not start: port, certificate, log file (exit 3)

A request that is not HTTP is no Fault: nobody who reads our messages can mend it. It is `wire.Malformed`, answered
and logged like any other request.
"""

from echo.clientip import Fault

EXIT_STARTUP = 3  # DESIGN: could not start; a wrong configuration at start-up counts as well


class StartupFault(Fault):
    """The server cannot start as it was told to."""

    exit_code = EXIT_STARTUP

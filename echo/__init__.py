"""The server half of whofrom: answers like whoami, judges what it sees, logs one record a request."""

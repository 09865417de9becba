"""What can go wrong with the embedded server."""


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message says why and what to do."""

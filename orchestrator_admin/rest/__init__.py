"""What every part of the HTTP API shares: how it reads, pages and refuses. Imports no application."""

"""The HTTP API of schedules: thin views over `schedules.services`."""

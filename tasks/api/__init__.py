"""The HTTP API of workflows and processes: thin views over `tasks.services`."""

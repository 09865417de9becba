"""Pages of schedules, one module a page."""

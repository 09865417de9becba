"""How an application declares its schedules."""

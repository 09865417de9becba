"""What schedules and other programs call."""

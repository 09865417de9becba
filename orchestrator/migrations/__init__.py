"""What an application's migrations use."""

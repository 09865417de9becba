"""Settings that workflows refer to."""

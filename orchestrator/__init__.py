"""The authoring API: everything that a task or schedule file imports. Re-exports only."""

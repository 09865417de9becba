"""The authoring API: everything that a task or a schedule file imports. It only re-exports; see `tasks`, `schedules`."""

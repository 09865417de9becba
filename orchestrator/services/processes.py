"""Starting and steering processes."""

from tasks.services import abort_process, resume_process, start_process

__all__ = ["abort_process", "resume_process", "start_process"]

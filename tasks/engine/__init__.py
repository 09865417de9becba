"""The workflow engine: runs one process at a time, in one thread, on Django's connection.

Guarantee: a step whose result was committed never runs again, and nothing is recorded by a worker whose lease was
taken away. A step commits once: what its function wrote to the database, its row and the process's row. What the
process knows is the state that its last finished row holds; where it continues is found by the names of its finished
steps. The engine sends nothing in a step's transaction before the step's function does.

`run.py` claims, `executor.py` tells the story of the steps, `parts.py` what is inside a group or a foreach;
`recording.py` commits.
"""

from tasks.engine.context import Run, current_step
from tasks.engine.run import run_process

__all__ = ["Run", "current_step", "run_process"]

"""Work on the machines of a Dask cluster: exactly one accepted execution of each attempt, and no orphans.

doit (`driver`) submits each attempt as a task with a token of its own. The worker that takes it (`worker`) asks for
permission to start, which is given once for each token, whatever the engine repeats. The command is executed by a child
of the worker's (`keeper`), which holds a lease (`lease`): whoever dies, the keeper ends the command with all that it
started when the lease is over, and doit knows when that must have happened.
"""

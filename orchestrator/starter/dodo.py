"""What `doit` reads: the plan in config/, as doit tasks. Tasks of your own can stand beside it."""

from phasegate import Project

project = Project.here()
DOIT_CONFIG = project.doit_config
task_phases = project.tasks

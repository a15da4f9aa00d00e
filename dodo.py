"""What `doit` reads: the plan in config/, as doit tasks."""

from phasegate import Project

project = Project.here()
DOIT_CONFIG = project.doit_config
task_phases = project.tasks

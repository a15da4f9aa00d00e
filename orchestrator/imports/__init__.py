"""Plans that were written for other tools, as phases: what is carried over, and what is not, with its place."""

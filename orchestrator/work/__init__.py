"""Running a phase's work: what is executed, and the attempt at it."""

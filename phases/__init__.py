"""What a phase's work is written in: the seam to executors, the local one, and this repository's own plan."""

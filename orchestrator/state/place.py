"""Where phasegate keeps what lasts, from the project's folder on."""

NAME = ".doit.db"
"""The state."""
FOLDER = ".doit"
"""Logs, the lock, and what spares the next command some work."""

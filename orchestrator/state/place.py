"""Where phasegate keeps what lasts, from the project's folder on."""

NAME = ".doit.db"
"""The state."""
FOLDER = ".doit"
"""Logs, the lock, and what spares the next command some work."""
INCOMING = f"{FOLDER}/incoming"
"""What is brought from the shared cache, until it takes its place."""

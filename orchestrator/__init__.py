"""The wrapper around doit: config → plan → tasks → attempt → verdict → approval → journal → views."""

__version__ = "0.1.0"

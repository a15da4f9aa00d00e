"""The wrapper around doit: config → plan → tasks → attempt → verdict → approval → journal → views."""

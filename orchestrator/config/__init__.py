"""From the files in `config/` to a plan, or to every problem in them at once."""

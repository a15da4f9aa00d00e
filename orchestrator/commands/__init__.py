"""The commands that phasegate adds to doit, or replaces: plugins of doit, thin."""

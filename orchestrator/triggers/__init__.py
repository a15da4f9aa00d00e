"""What happens after an event: commands and webhooks that learn of it, and never fail or delay the run."""

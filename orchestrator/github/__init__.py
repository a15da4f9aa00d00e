"""What GitHub shows of a plan, brought about by comparing, and the votes that are given there."""

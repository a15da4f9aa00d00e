"""The gate behind a phase: verdicts, the digest that an approval is for, and who opens it."""

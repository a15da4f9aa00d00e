"""What lasts: one SQLite file with doit's records, the journal, the approvals and the digests of files."""

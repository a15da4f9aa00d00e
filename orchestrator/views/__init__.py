"""What people see: renderings of results and of the journal. None of them is asked for the truth."""

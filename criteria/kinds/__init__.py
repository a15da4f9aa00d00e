"""The kinds of criterion, a file each."""

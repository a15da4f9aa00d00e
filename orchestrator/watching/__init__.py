"""What a watched plan is made from (sources), and who wakes us when something happens there (observer)."""

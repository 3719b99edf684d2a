"""Asking AWS: an account and its two regions, what is made there and removed, answers and their table."""

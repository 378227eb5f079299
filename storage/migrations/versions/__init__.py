"""Frozen revisions, in the order of their numbers. They import nothing of the rooms."""

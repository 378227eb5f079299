"""Worlds to try the hub on: synthetic cities and their deliveries."""

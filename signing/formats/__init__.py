"""Sealed file formats: one folder each, with ``seal.py`` (apply) and ``inspect.py`` (read out)."""

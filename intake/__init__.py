"""A journey's materials met by certificates and data instead of paper.

Asks certificates and catalog for what it needs; never reads their tables.
"""

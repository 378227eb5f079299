"""The bulk engine: standardises and checks blocks of rows with Polars and NumPy.

Never reads files and never decides what a finding leads to.
"""

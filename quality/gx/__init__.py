"""Great Expectations, fenced into a process of its own: contract, gate and Data Docs.

Nothing in here is ever imported by the hub's other processes except ``quality.gates``' child.
"""

"""OFD (GB/T 33190-2016): package, seal, evidence. A package is read once, in memory, and never
unpacked to disk.
"""

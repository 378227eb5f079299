"""Electronic seals and their signatures: GM/T 0031-2014 (v1), GB/T 38540-2020 (v4), GM/T 0031-2025.

What is hashed is always the bytes as received; nothing here re-encodes what it read.
"""

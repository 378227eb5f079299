"""Proof of time (RFC 3161, RFC 5816, GB/T 20520): who can say when a seal existed.

Two ways to a token: the hub's own authority (the embedded default) and a client for an authority
outside. A token never decides anything by itself; verdicts judge it like every other evidence.
"""

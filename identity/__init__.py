"""Who is asking: organisations, divisions, staff, roles, windows, clients and keys, sessions.

Turns a session or a token into an Actor. Never decides what a matter may use.
"""

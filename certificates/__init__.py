"""Issue, hold, disclose and revoke electronic certificates; which matter may use what.

Never touches a key; never hands out a bare original.
"""

"""What every room may know: ids, clock, actors and scopes, refusals, ports.

Standard library only. Never holds business rules, never touches a disk or a network.
"""

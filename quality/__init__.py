"""Is this data fit to publish? Data elements, code tables, rules, findings, gates.

Never fetches data and never publishes it.
"""

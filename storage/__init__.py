"""The one place that touches disks: engine, transactions, journal, leases, objects, vault.

Migrations of all rooms lie here too.

Implements the ports of ``kernel``. Never knows a business word.
"""

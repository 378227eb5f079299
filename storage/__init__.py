"""The one place that touches disks: engine, transactions, journal, leases, objects, vault, migrations.

Implements the ports of ``kernel``. Never knows a business word.
"""

"""What data exists, who owns it, where it came from, who may have it.

Collects, standardises and publishes versions of resources. Never issues a certificate.
"""

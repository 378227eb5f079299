"""Exchange of certificates with the hub of another region (跨区域互认).

The requester's hub and the home hub of a certificate each sign their message, bind the answer to
the question, and record their half. The home hub decides by its own matters, grants, register and
limits. It never trusts the word of the requesting hub, and the requesting hub never trusts an
answer it cannot prove.
"""

"""What happened, provably: Merkle log over the journal, receipts, checks.

Reads the journal and never writes business state.
"""

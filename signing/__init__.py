"""Keys, seals, sealed files (PDF, OFD), trust between regions, verdicts.

The signer sees a digest and a purpose, never a document. A verdict is a pure function of its
inputs.
"""

"""The signer: its own process, reached over a Unix socket; sees digests, never documents.

``python -m signing.signer --home FOLDER`` runs it; ``process.ensure`` starts it from a hub;
``client.SignerClient`` talks to it. One number and purpose get one digest, whatever crashes.
"""

"""SM2 and SM3 in asn1crypto's tables, so that pyHanko can carry them (GM/T 0006).

This adds rows to open tables of data, the way pyHanko adds its own algorithms; no function is
replaced.
"""

from __future__ import annotations

from functools import cache

SM3 = ("1.2.156.10197.1.401", "sm3")
SM2_WITH_SM3 = ("1.2.156.10197.1.501", "sm3_sm2")
SM2_SIGN = ("1.2.156.10197.1.301.1", "sm2")
GM_SIGNED_DATA = ("1.2.156.10197.6.1.4.2.2", "signed_data")
"""GB/T 35275 writes its own OID around the same structure; it is only ever read."""
SM2_CURVE = ("1.2.156.10197.1.301", "sm2p256v1", 32)


@cache
def register() -> None:
    """Add the rows once per process."""
    from asn1crypto import algos, cms, keys, tsp

    assert tsp.TSTInfo  # importing it adds time stamps to the table that is built below
    for kind, (oid, name) in (
        (algos.DigestAlgorithmId, SM3),
        (algos.SignedDigestAlgorithmId, SM2_WITH_SM3),
        (algos.SignedDigestAlgorithmId, SM2_SIGN),
    ):
        kind._map[oid] = name  # noqa: SLF001 - the table has no public way in
        if kind._reverse_map is not None:  # noqa: SLF001 - built lazily from the same table
            kind._reverse_map[name] = oid  # noqa: SLF001 - see above
    cms.ContentType("signed_data")  # builds the table for writing first: it must keep PKCS #7's OID
    cms.ContentType._map[GM_SIGNED_DATA[0]] = GM_SIGNED_DATA[1]  # noqa: SLF001 - see above
    keys.NamedCurve.register(SM2_CURVE[1], SM2_CURVE[0], SM2_CURVE[2])

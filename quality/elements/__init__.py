"""One module per data element: ``ELEMENT``, ``RULES``, ``normalise`` and ``judge``.

``normalise(raw, context)`` returns the standard form of each text, or the tidied text where there
is none; it never fails and never drops a value (null only for null and blank). ``judge(values,
context)`` returns one number per value: 0 when it is fine or null, else 1 + the place in ``RULES``
of the first rule that it breaks. ``DERIVED`` may name what else can be read out of a value.
"""

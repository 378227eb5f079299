"""A hub that issues many certificates: ``python -m tests.certificates.many COUNT HOME``.

Resumes what an earlier run left, issues the rest, prints one JSON line. To be killed at any time.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import timedelta
from pathlib import Path

from bench.parties import KIND
from bench.signing_hub import OFFICE, office
from certificates.issue import Issuer
from kernel.errors import Refused


def main(count: int, home: Path) -> None:
    with office(count, home) as tools:
        issuer = Issuer(tools)
        done = issuer.resume(OFFICE, idle=timedelta(0))
        assert not isinstance(done, Refused)
        rest = issuer.issue_batch(OFFICE, KIND)
        assert not isinstance(rest, Refused)
        line = {
            "resumed": sum(item.issued for item in done),
            "issued": sum(item.issued for item in rest),
            "skipped": sum(item.skipped for item in rest),
            "failed": [failure.code for item in (*done, *rest) for failure in item.failed],
            "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))

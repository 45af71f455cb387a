"""Verifies a signing event's root and targets with python-tuf, and says how many keys have signed.

    tuf_event.py METADATA
"""

import sys
from pathlib import Path

from tuf.api.metadata import Metadata, Root

metadata = Path(sys.argv[1])


def say(role, result):
    who = sorted(key.unrecognized_fields["x-tuf-on-ci-keyowner"] for key in result.signed.values())
    print(f"{role}: {', '.join(who)}")
    assert result.verified, f"{role} is not signed by enough"


trusted = None
versions = sorted(int(path.name.split(".")[0]) for path in (metadata / "root_history").iterdir())
for version in versions:
    new = Metadata[Root].from_file(str(metadata / "root_history" / f"{version}.root.json"))
    assert new.signed.version == version
    for root in [trusted, new]:
        if root:
            root.signed.verify_delegate("root", new.signed_bytes, new.signatures)
    trusted = new
assert (metadata / "root.json").read_bytes() == (metadata / "root_history" / f"{versions[-1]}.root.json").read_bytes()
say("root", trusted.signed.get_verification_result("root", trusted.signed_bytes, trusted.signatures))
targets = Metadata.from_file(str(metadata / "targets.json"))
say("targets", trusted.signed.get_verification_result("targets", targets.signed_bytes, targets.signatures))

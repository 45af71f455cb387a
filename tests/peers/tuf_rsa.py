"""Makes a repository whose keys are of RSA-PSS, with python-tuf.

    tuf_rsa.py METADATA BITS
"""

import pathlib
import sys
from datetime import datetime, timezone

from cryptography.hazmat.primitives.asymmetric import rsa
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

metadata, bits = pathlib.Path(sys.argv[1]), int(sys.argv[2])
expires = datetime(2031, 1, 1, tzinfo=timezone.utc)
offline, online = [[CryptoSigner(rsa.generate_private_key(65537, bits)) for _ in range(2)] for _ in range(2)]
signers = {"root": offline, "targets": offline, "timestamp": online, "snapshot": online}
root = Root(expires=expires)
for role in signers:
    for signer in signers[role]:
        assert signer.public_key.scheme == "rsassa-pss-sha256"
        root.add_key(signer.public_key, role)
    root.roles[role].threshold = 2
path = "a.txt"
targets = Targets(expires=expires, targets={path: TargetFile.from_data(path, b"a", ["sha256"])})
snapshot = Snapshot(expires=expires, meta={"targets.json": MetaFile(1)})
for name, signed in [
    ("1.root", root),
    ("timestamp", Timestamp(expires=expires)),
    ("1.snapshot", snapshot),
    ("1.targets", targets),
]:
    document = Metadata(signed)
    for signer in signers[signed.type]:
        document.sign(signer, append=True)
    root.verify_delegate(signed.type, document.signed_bytes, document.signatures)
    document.to_file(str(metadata / f"{name}.json"))

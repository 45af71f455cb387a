"""What python-tuf takes for a repository of hashed bins.

initialize LIST KEY FOLDER BINS   makes the bins of a list of targets, the delegation, snapshot and timestamp, all signed with KEY
verify METADATA                   verifies root, timestamp, snapshot, targets, bins and every bin
"""
import hashlib
import json
import pathlib
import sys
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp,
)
from tuf.api.serialization.json import JSONSerializer


def initialize(listed, key, folder, bins):
    bins = int(bins)
    bits = bins.bit_length() - 1
    digits = -(-bits // 4)
    each = 16**digits // bins
    width = len(f"{bins - 1:x}")
    signer = CryptoSigner(load_pem_private_key(pathlib.Path(key).read_bytes(), None))
    expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    out = pathlib.Path(folder)
    out.mkdir()
    compact = JSONSerializer(compact=True)
    contents = [{} for _ in range(bins)]
    with open(listed, encoding="utf-8") as lines:
        for line in lines:
            target = json.loads(line)
            path = target["path"]
            number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") >> (32 - bits)
            contents[number][path] = TargetFile(target["length"], target["hashes"], path)
    roles, snapshot = {}, Snapshot(expires=expires)
    for number, content in enumerate(contents):
        name = f"bin-{number:0{width}x}"
        metadata = Metadata(Targets(expires=expires, targets=content))
        metadata.sign(signer)
        (out / f"1.{name}.json").write_bytes(metadata.to_bytes(compact))
        snapshot.meta[f"{name}.json"] = MetaFile(1)
        prefixes = [f"{prefix:0{digits}x}" for prefix in range(number * each, (number + 1) * each)]
        roles[name] = DelegatedRole(name, [signer.public_key.keyid], 1, True, path_hash_prefixes=prefixes)
    delegations = Delegations({signer.public_key.keyid: signer.public_key}, roles)
    for name, signed in [
        ("1.bins", Targets(expires=expires, delegations=delegations)),
        ("1.snapshot", snapshot),
        ("timestamp", Timestamp(expires=expires)),
    ]:
        metadata = Metadata(signed)
        metadata.sign(signer)
        (out / f"{name}.json").write_bytes(metadata.to_bytes(compact))


def verify(folder):
    metadata = pathlib.Path(folder)

    def load(name, kind):
        return Metadata[kind].from_file(str(metadata / f"{name}.json"))

    root = load("1.root", Root)
    root.signed.verify_delegate("root", root.signed_bytes, root.signatures)
    for name, kind in [("timestamp", Timestamp), ("1.snapshot", Snapshot), ("1.targets", Targets)]:
        found = load(name, kind)
        root.signed.verify_delegate(name.removeprefix("1."), found.signed_bytes, found.signatures)
        delegating = found.signed
    bins = load("1.bins", Targets)
    delegating.verify_delegate("bins", bins.signed_bytes, bins.signatures)
    for name, role in bins.signed.delegations.roles.items():
        found = load(f"1.{name}", Targets)
        bins.signed.verify_delegate(name, found.signed_bytes, found.signatures)
        assert all(role.is_delegated_path(path) for path in found.signed.targets)


{"initialize": initialize, "verify": verify}[sys.argv[1]](*sys.argv[2:])

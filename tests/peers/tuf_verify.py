"""Verifies a repository with python-tuf: FOLDER TIME. Roots from version 1, then every role that is delegated to."""

import os
import sys
from datetime import datetime

from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

folder, at = sys.argv[1], datetime.fromisoformat(sys.argv[2])


def read(*names):
    """The first of these files that is there."""
    for name in names:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                return file.read()
    return None


def role(name, version):
    return read(f"{version}.{name}.json", f"{name}.json")


def root(version):
    return read(f"{version}.root.json", f"root_history/{version}.root.json")


trusted = TrustedMetadataSet(root(1), EnvelopeType.METADATA)
trusted.reference_time = at
while (following := root(trusted.root.version + 1)) is not None:
    trusted.update_root(following)
timestamp = trusted.update_timestamp(read("timestamp.json"))
snapshot = trusted.update_snapshot(role("snapshot", timestamp.snapshot_meta.version))
waiting = [("targets", "root")]
while waiting:
    name, by = waiting.pop()
    targets = trusted.update_delegated_targets(role(name, snapshot.meta[f"{name}.json"].version), name, by)
    if targets.delegations:
        waiting += [(delegated, name) for delegated in targets.delegations.roles or {}]

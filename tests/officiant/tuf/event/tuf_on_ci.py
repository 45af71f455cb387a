"""Carries out with tuf-on-ci's own code what is asked for on standard input, at a fixed time.

{"metadata": DIR, "published": DIR, "user": "@u", "at": TIME or null, "do": [...]}, each of "do" one of
{"set": ROLE, "signers": [...], "threshold": N, "expiry": N, "signing": N, "key": FILE or null, "uri": URI or null},
{"online": FILE, "uri": URI, "timestamp": [N, N], "snapshot": [N, N]}, {"accept": FILE}, {"renew": ROLE},
{"sign": FILE, with a private key}. Says what the tool says of the event afterwards.
"""

import datetime
import json
import sys
from types import SimpleNamespace

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf_on_ci_sign import _signer_repository as tool

asked = json.load(sys.stdin)

if asked["at"]:
    fixed = datetime.datetime.fromisoformat(asked["at"].replace("Z", "+00:00"))

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return fixed

    tool.datetime = Clock


def public(path, uri=None):
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    with open(path, "rb") as file:
        key = SSlibKey.from_crypto(load_pem_public_key(file.read()))
    if uri:
        tool.set_key_field(key, "online-uri", uri)
    return key


class User(SimpleNamespace):
    def get_signer(self, key):
        with open(self.private, "rb") as file:
            return CryptoSigner(load_pem_private_key(file.read(), None), key)

    def set_signer(self, key, signer):
        pass


user = User(name=asked["user"], private=None)
repository = tool.SignerRepository(asked["metadata"], asked["published"], user)
said = []
for one in asked["do"]:
    if "set" in one:
        config = tool.OfflineConfig(one["signers"], one["threshold"], one["expiry"], one["signing"])
        key = public(one["key"], one.get("uri")) if one.get("key") else None
        repository.set_role_config(one["set"], config, key)
    elif "online" in one:
        key = public(one["online"], one["uri"])
        config = tool.OnlineConfig(key, *one["timestamp"], *one["snapshot"])
        repository.set_online_config(config)
    elif "accept" in one:
        key = public(one["accept"])
        for role in repository.invites.copy():
            repository.set_role_config(role, repository.get_role_config(role), key)
    elif "renew" in one:
        with repository.edit(one["renew"]):
            pass
    elif "sign" in one:
        user.private = one["sign"]
        for role in sorted(repository.unsigned):
            said.append(repository.status(role))
            repository.sign(role)
again = tool.SignerRepository(asked["metadata"], asked["published"], user)
print(json.dumps({"state": again.state.name, "invites": again.invites, "unsigned": sorted(again.unsigned), "said": said}))

"""What python-tuf does with a repository that officiant made.

sign UNSIGNED METADATA KEY...   signs root, targets and bins with private keys (PKCS#8, PEM), and puts them into METADATA
fetch REPOSITORY TARGET         fetches a target over HTTP as a client that trusts 1.root.json, and prints it
bins REPOSITORY                 verifies every bin with what its delegation says, and prints how many targets there are
"""
import pathlib
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import Updater, UpdaterConfig


def sign(unsigned, metadata, *keys):
    signers = [CryptoSigner(load_pem_private_key(pathlib.Path(key).read_bytes(), None)) for key in keys]
    for name in ["1.root.json", "1.targets.json", "1.bins.json"]:
        document = Metadata.from_file(str(pathlib.Path(unsigned, name)))
        assert not document.signatures
        for signer in signers:
            document.sign(signer, append=True)
        document.to_file(str(pathlib.Path(metadata, name)))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def fetch(repository, target):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=repository))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    root = pathlib.Path(repository, "metadata", "1.root.json").read_bytes()
    config = UpdaterConfig(targets_max_length=64 * 1024 * 1024, snapshot_max_length=64 * 1024 * 1024)
    with tempfile.TemporaryDirectory() as cache:
        updater = Updater(
            cache, f"{base}/metadata/", cache, f"{base}/targets/", config=config, bootstrap=root,
        )
        found = updater.get_targetinfo(target)
        assert found is not None, f"there is no target {target}"
        print(pathlib.Path(updater.download_target(found)).read_text(), end="")
    server.shutdown()


def bins(repository):
    metadata = pathlib.Path(repository, "metadata")
    delegating = Metadata[Targets].from_file(str(metadata / "1.bins.json")).signed
    count = 0
    for name, role in delegating.delegations.roles.items():
        found = Metadata[Targets].from_file(str(metadata / f"1.{name}.json"))
        delegating.verify_delegate(name, found.signed_bytes, found.signatures)
        assert all(role.is_delegated_path(path) for path in found.signed.targets)
        count += len(found.signed.targets)
    print(count)


{"sign": sign, "fetch": fetch, "bins": bins}[sys.argv[1]](*sys.argv[2:])

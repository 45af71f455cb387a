"""Signs with slot 9c of a YubiKey through securesystemslib's HSMSigner, as tuf-on-ci does, and verifies.

    python piv_signer.py SERIAL PIN MODULE SIGNATURE MESSAGE

MODULE is the PKCS #11 module; the signature is written to the file SIGNATURE, DER.
"""

import os
import sys


def main(serial, pin, module, signature, message):
    os.environ["PYKCS11LIB"] = module
    from securesystemslib.signer import HSMSigner, Signer

    uri, key = HSMSigner.import_(2, f"YubiKey PIV #{serial}")
    print(key.scheme)
    signer = Signer.from_priv_key_uri(uri, key, lambda _: pin)
    signed = signer.sign(message.encode())
    key.verify_signature(signed, message.encode())
    with open(signature, "xb") as file:
        file.write(bytes.fromhex(signed.signature))
    print("the signature verifies")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""A key in AWS KMS as boto3 makes it, and as securesystemslib's AWSSigner imports it, which tuf-on-ci does.

    python kms_key.py make SPEC          prints the ARN of a new key
    python kms_key.py import ARN SCHEME  prints its URI, ids and public key as JSON

The endpoint, the region and the credentials are the environment's.
"""

import json
import sys


def make(spec):
    import boto3

    print(boto3.client("kms").create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"])


def import_(arn, scheme):
    from securesystemslib.signer import AWSSigner
    from tuf_on_ci_sign._signer_repository import set_key_field

    uri, key = AWSSigner.import_(arn, scheme)
    found = {"uri": uri, "keyid": key.keyid, "scheme": key.scheme, "keytype": key.keytype, "pem": key.keyval["public"]}
    set_key_field(key, "online-uri", uri)
    print(json.dumps({**found, "keyid_with_uri": key.keyid}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", spec]:
            make(spec)
        case ["import", arn, scheme]:
            import_(arn, scheme)
        case _:
            sys.exit(__doc__)

"""Conducts a small key ceremony with Yubico's own client, on a factory-new YubiHSM 2 behind a connector.

Usage: yubihsm_client.py CONNECTOR_URL [--ed25519-attested]

Says what it did on standard output. The exit code is not 0 if anything is not as the vendor's client expects it. The
device is reset at the end.
"""

import sys
from dataclasses import replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yubihsm import YubiHsm
from yubihsm.defs import ALGORITHM, AUDIT, CAPABILITY, COMMAND, ERROR, OBJECT, ORIGIN
from yubihsm.exceptions import YubiHsmAuthenticationError, YubiHsmDeviceError, YubiHsmInvalidResponseError
from yubihsm.objects import AsymmetricKey, AttestationExtensions, AuthenticationKey, Opaque


QUIET = COMMAND.SESSION_MESSAGE, COMMAND.GET_LOG_ENTRIES, COMMAND.CLOSE_SESSION, COMMAND.DEVICE_INFO
CHANGES = COMMAND.SIGN_EDDSA, COMMAND.GENERATE_ASYMMETRIC_KEY, COMMAND.DELETE_OBJECT


def done(what):
    print(f"ok: {what}")


def refused(code, command):
    """The device must refuse `command` with `code`."""
    try:
        command()
    except YubiHsmDeviceError as error:
        assert error.code == code, f"refused with {error.code!r} instead of {code!r}"
    else:
        raise AssertionError(f"not refused with {code!r}")


def main(url, ed25519_attested):
    hsm = YubiHsm.connect(url)
    info = hsm.get_device_info()
    assert info.version >= (2, 4, 0), info
    assert len(info.supported_algorithms) >= 47, info
    assert isinstance(info.part_number, str), info
    assert hsm.send_cmd(COMMAND.ECHO, b"x" * 2021) == b"x" * 2021
    done(f"device {info.serial} with firmware {'.'.join(map(str, info.version))}")

    session = hsm.create_session_derived(1, "password")
    assert session.send_secure_cmd(COMMAND.ECHO, b"y" * 2021) == b"y" * 2021
    default = session.get_object(1, OBJECT.AUTHENTICATION_KEY).get_info()
    assert default.label == "DEFAULT AUTHKEY CHANGE THIS ASAP", default
    assert default.capabilities & CAPABILITY.ALL == CAPABILITY.ALL, default
    assert default.capabilities == default.delegated_capabilities, default
    assert (default.size, default.domains, default.sequence) == (40, 0xFFFF, 0), default
    assert default.algorithm == ALGORITHM.AES128_YUBICO_AUTHENTICATION, default
    assert default.origin == ORIGIN.IMPORTED, default
    done("the factory's authentication key is as the vendor's tests have it")

    AuthenticationKey.put_derived(
        session, 2, "new_authentication_key", 0xFFFF, CAPABILITY.ALL, CAPABILITY.ALL, "correct horse"
    )
    session.close()
    session = hsm.create_session_derived(2, "correct horse")
    session.get_object(1, OBJECT.AUTHENTICATION_KEY).delete()
    assert session.list_objects(object_id=1) == []
    refused(ERROR.OBJECT_NOT_FOUND, lambda: hsm.create_session_derived(1, "password"))
    try:
        hsm.create_session_derived(2, "wrong horse")
    except YubiHsmAuthenticationError:
        pass
    else:
        raise AssertionError("a wrong password opened a session")
    done("a new authentication key is in, the factory's is out, a wrong password opens nothing")

    first = AuthenticationKey.put_derived(
        session, 0, "to be changed", 1, CAPABILITY.CHANGE_AUTHENTICATION_KEY, CAPABILITY.NONE, "first"
    )
    refused(ERROR.INVALID_ID, lambda: first.change_password("second"))
    with hsm.create_session_derived(first.id, "first") as own:
        first.with_session(own).change_password("second")
        refused(ERROR.INSUFFICIENT_PERMISSIONS, lambda: own.get_pseudo_random(8))
    hsm.create_session_derived(first.id, "second").close()
    first.delete()
    done("a session changed the password of its own key and of no other")

    edwards = AsymmetricKey.generate(session, 100, "ed", 0x0007, CAPABILITY.SIGN_EDDSA, ALGORITHM.EC_ED25519)
    root = AsymmetricKey.generate(session, 3, "tuf-root", 0x0001, CAPABILITY.SIGN_ECDSA, ALGORITHM.EC_P384)
    refused(
        ERROR.OBJECT_EXISTS,
        lambda: AsymmetricKey.generate(session, 3, "again", 1, CAPABILITY.NONE, ALGORITHM.EC_P256),
    )
    message = b"a message" * 200
    public = edwards.get_public_key()
    assert isinstance(public, ed25519.Ed25519PublicKey)
    public.verify(edwards.sign_eddsa(message), message)
    for digest in hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512():
        root.get_public_key().verify(root.sign_ecdsa(message, hash=digest), message, ec.ECDSA(digest))
    try:
        public.verify(edwards.sign_eddsa(b"another"), message)
    except InvalidSignature:
        pass
    else:
        raise AssertionError("a signature of something else verified")
    refused(ERROR.INSUFFICIENT_PERMISSIONS, lambda: edwards.sign_ecdsa(message))
    done("keys on Ed25519 and P-384 were generated and their signatures verify")

    private = ec.generate_private_key(ec.SECP256R1())
    imported = AsymmetricKey.put(session, 0, "imported", 0xFFFF, CAPABILITY.SIGN_ECDSA, private)
    raw = (Encoding.X962, PublicFormat.UncompressedPoint)
    assert imported.get_public_key().public_bytes(*raw) == private.public_key().public_bytes(*raw)
    assert imported.get_info().origin == ORIGIN.IMPORTED
    assert root.get_info().origin == ORIGIN.GENERATED
    done("a key was put in, and says that it was imported")

    device = x509.load_der_x509_certificate(Opaque(session, 0).get())
    attested = [root, imported]
    if ed25519_attested:
        attested.append(edwards)
    else:
        refused(ERROR.INVALID_DATA, edwards.attest)
        done("the Ed25519 key is not attested, as the vendor's list of known issues says")
    for key in attested:
        certificate = key.attest()
        device.public_key().verify(
            certificate.signature,
            certificate.tbs_certificate_bytes,
            padding.PKCS1v15(),
            certificate.signature_hash_algorithm,
        )
        assert certificate.issuer == device.subject
        assert certificate.public_key() == key.get_public_key()
        extensions, about = AttestationExtensions.parse(certificate), key.get_info()
        assert (extensions.firmware_version, extensions.serial) == (info.version, info.serial)
        assert extensions.origin == about.origin
        assert extensions.domains == about.domains
        assert extensions.capabilities == about.capabilities
        assert extensions.object_id == about.id
        assert extensions.label == about.label
        assert "REHEARSAL" in certificate.subject.rfc4514_string()
        assert "REHEARSAL" in certificate.issuer.rfc4514_string()
        done(f"{certificate.subject.rfc4514_string()} verifies, and says what the device says of the key")

    everything = {(item.object_type, item.id) for item in session.list_objects()}
    assert everything == {
        (OBJECT.AUTHENTICATION_KEY, 2),
        (OBJECT.ASYMMETRIC_KEY, 3),
        (OBJECT.ASYMMETRIC_KEY, 100),
        (OBJECT.ASYMMETRIC_KEY, imported.id),
    }, everything
    assert [item.id for item in session.list_objects(label="tuf-root")] == [3]
    assert [item.id for item in session.list_objects(algorithm=ALGORITHM.EC_ED25519)] == [100]
    assert session.list_objects(object_id=1, object_type=OBJECT.HMAC_KEY, domains=1, capabilities=CAPABILITY.ALL) == []
    assert len(session.get_pseudo_random(10)) == 10
    done("objects are listed with and without filters")

    log = session.get_log_entries()
    assert log.entries[0].data == b"\0\1" + b"\xff" * 14, log
    assert log.entries[1].data == b"\0\2" + bytes.fromhex("000000ffff") + bytes(9), log
    assert len(log.entries) == 2, "by default nothing is logged from firmware 2.3.1 on"
    session.set_command_audit({command: AUDIT.ON for command in session.get_command_audit() if command not in QUIET})
    assert session.get_command_audit()[COMMAND.SIGN_EDDSA] == AUDIT.ON
    edwards.sign_eddsa(message)
    AsymmetricKey.generate(session, 101, "logged", 1, CAPABILITY.SIGN_EDDSA, ALGORITHM.EC_ED25519).delete()
    log = session.get_log_entries()
    changes = [(entry.command, entry.target_key, entry.result) for entry in log.entries if entry.command in CHANGES]
    assert changes == [
        (COMMAND.SIGN_EDDSA, 100, 0xEA),
        (COMMAND.GENERATE_ASYMMETRIC_KEY, 101, 0xC6),
        (COMMAND.DELETE_OBJECT, 101, 0xD8),
    ], changes
    assert all(entry.session_key == 2 for entry in log.entries if entry.command in CHANGES), log
    last = log.entries[-1]
    session.set_log_index(last.number)
    edwards.sign_eddsa(message)
    log = session.get_log_entries(last)
    assert [entry.command for entry in log.entries][:2] == [COMMAND.SET_LOG_INDEX, COMMAND.SIGN_EDDSA], log
    try:
        session.get_log_entries(replace(last, digest=bytes(16)))
    except YubiHsmInvalidResponseError:
        pass
    else:
        raise AssertionError("another digest is the log's as well")
    done("the vendor's client verifies the chain of the audit log, and takes entries out")

    session.set_log_index(session.get_log_entries().entries[-1].number)
    session.set_force_audit(AUDIT.ON)
    assert session.get_force_audit() == AUDIT.ON
    last = session.get_log_entries().entries[-1]

    def sign_often():
        for _ in range(64):
            edwards.sign_eddsa(message)

    refused(ERROR.LOG_FULL, sign_often)
    info = hsm.get_device_info()
    assert info.log_used == info.log_size == 62, info
    hsm.create_session_derived(2, "correct horse")
    log = session.get_log_entries()
    assert (log.n_boot, log.n_auth, len(log.entries)) == (0, 1, 62), log
    session.set_log_index(log.entries[-1].number)
    session.set_force_audit(AUDIT.OFF)
    sign_often()
    assert len(session.get_log_entries().entries) == 62
    done("a full audit log stops the device when auditing is forced, and is written over otherwise")

    session.reset_device()
    with YubiHsm.connect(url) as fresh, fresh.create_session_derived(1, "password") as session:
        assert [(item.id, item.get_info().sequence) for item in session.list_objects()] == [(1, 0)]
    done("the device was reset to the factory's state")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    attested = "--ed25519-attested" in arguments
    addresses = [argument for argument in arguments if not argument.startswith("--")]
    if len(addresses) != 1:
        sys.exit(__doc__)
    main(addresses[0], attested)

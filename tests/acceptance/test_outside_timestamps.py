"""OpenSSL and rfc3161-client, which we did not write, judge our timestamps; we judge OpenSSL's.

Every acceptance has its refusal beside it: other data, other root, one bit changed.
"""

import hashlib
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from signing import cms
from signing.certificates import (
    LeafUse,
    Subject,
    Validity,
    make_intermediate,
    make_leaf,
    make_root,
    new_p256_key,
    new_rsa_key,
    pem,
)
from signing.timestamps import (
    FailureInfo,
    TimestampAuthority,
    TimestampError,
    build_request,
    parse_request,
    refusal,
    reply,
    token_of_reply,
    verify_token,
)
from signing.tst_info import TstInfo

POLICY = "1.3.6.1.4.1.55555.1.1"
DATA = "หัวของสมุดบันทึก: a head of the log".encode()
DIGEST = hashlib.sha256(DATA).digest()
NONCE = 0xFEDCBA9876543210
TIME = datetime(2026, 11, 22, 9, 41, 3, 450_000, tzinfo=UTC)
VALIDITY = Validity(
    not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2049, 1, 1, tzinfo=UTC)
)


class World:
    """A root, an issuer, a unit, and their files as the outside programs want them."""

    def __init__(self, key, folder: Path) -> None:
        self.folder = folder
        self.root = make_root(
            subject=Subject(common_name="Root"), key=new_p256_key(), serial=1, validity=VALIDITY
        )
        self.issuer = make_intermediate(
            issuer=self.root,
            subject=Subject(common_name="Issuer of units"),
            key=new_p256_key(),
            serial=2,
            validity=VALIDITY,
        )
        self.key = key
        self.certificate = make_leaf(
            issuer=self.issuer,
            subject=Subject(common_name="หน่วยประทับเวลา 1"),
            public_key=key.public_key(),
            serial=3,
            validity=VALIDITY,
            use=LeafUse.TIMESTAMP,
        )
        self.unit = TimestampAuthority(
            key=key,
            chain=[self.certificate, self.issuer.certificate, self.root.certificate],
            policy_oid=POLICY,
            accuracy=timedelta(seconds=1),
        )
        stranger = make_root(
            subject=Subject(common_name="Root"), key=new_p256_key(), serial=1, validity=VALIDITY
        )
        self.file("root.pem", pem(self.root.certificate))
        self.file("stranger.pem", pem(stranger.certificate))
        self.file("issuer.pem", pem(self.issuer.certificate))
        self.file("unit.pem", pem(self.certificate))
        self.file("data", DATA)
        self.file("other", DATA + b"!")

    def file(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def openssl(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, check=False, timeout=30
        )

    def accepts(self, *arguments: str) -> bool:
        return self.openssl(*arguments).returncode == 0


@pytest.fixture(params=[new_p256_key, new_rsa_key], ids=["p256", "rsa"])
def world(request, tmp_path) -> World:
    return World(request.param(), tmp_path)


def test_openssl_verifies_our_token_over_data(world: World) -> None:
    token = world.unit.stamp(DIGEST, serial=2**158 + 7, gen_time=TIME)
    world.file("t.tst", token)
    verify = ("ts", "-verify", "-in", "t.tst", "-token_in")
    assert world.accepts(*verify, "-data", "data", "-CAfile", "root.pem")
    assert not world.accepts(*verify, "-data", "other", "-CAfile", "root.pem")
    assert not world.accepts(*verify, "-data", "data", "-CAfile", "stranger.pem")


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_longer_digests_are_stamped_and_believed_both_ways(world: World, algorithm: str) -> None:
    digest = hashlib.new(algorithm, DATA).digest()
    world.file("t.tst", world.unit.stamp(digest, serial=9, gen_time=TIME))
    verify = ("ts", "-verify", "-in", "t.tst", "-token_in", "-CAfile", "root.pem")
    assert world.accepts(*verify, "-digest", digest.hex())
    assert world.accepts(*verify, "-data", "data")
    assert not world.accepts(*verify, "-data", "other")
    theirs = token_of_reply(openssl_reply(world, build_request(digest, NONCE)))
    assert verify_token(theirs, digest, [world.root.certificate], nonce=NONCE).serial == 2
    with pytest.raises(TimestampError, match="other data"):
        verify_token(theirs, digest[:32], [world.root.certificate])


def test_openssl_reads_in_our_token_what_was_stamped(world: World) -> None:
    world.file("t.tst", world.unit.stamp(DIGEST, serial=77, gen_time=TIME, nonce=NONCE))
    text = world.openssl("ts", "-reply", "-in", "t.tst", "-token_in", "-token_out", "-text").stdout
    lines = dict(re.findall(r"^([A-Z][^:\n]*): (.*)$", text.decode(), re.MULTILINE))
    assert lines["Policy OID"] == POLICY
    assert lines["Serial number"] == "0x4D"
    assert lines["Time stamp"] == "Nov 22 09:41:03.45 2026 GMT"
    assert lines["Accuracy"].startswith("0x01 seconds")
    assert lines["Ordering"] == "no"
    assert lines["Nonce"] == "0xFEDCBA9876543210"


def test_openssl_verifies_our_answer_to_its_own_query(world: World) -> None:
    for name, certificates in (("with", ["-cert"]), ("without", [])):
        query = world.openssl("ts", "-query", "-data", "data", "-sha256", *certificates).stdout
        request = parse_request(query)
        assert request.digest == DIGEST
        assert request.cert_req == bool(certificates)
        token = world.unit.answer(request, serial=5, gen_time=TIME)
        world.file(f"{name}.tsq", query)
        world.file(f"{name}.tsr", reply(token))
    verify = ("ts", "-verify", "-CAfile", "root.pem")
    assert world.accepts(*verify, "-queryfile", "with.tsq", "-in", "with.tsr")
    untrusted = ("-untrusted", "bag.pem")
    bag = (world.folder / "unit.pem").read_bytes() + (world.folder / "issuer.pem").read_bytes()
    world.file("bag.pem", bag)
    assert world.accepts(*verify, *untrusted, "-queryfile", "without.tsq", "-in", "without.tsr")
    # The nonce belongs to one query.
    assert not world.accepts(*verify, "-queryfile", "without.tsq", "-in", "with.tsr")


def test_openssl_verifies_our_token_as_signed_data(world: World) -> None:
    token = world.unit.stamp(DIGEST, serial=77, gen_time=TIME)
    world.file("t.tst", token)
    verify = ("cms", "-verify", "-inform", "DER", "-purpose", "timestampsign", "-out", "info.der")
    assert world.accepts(*verify, "-in", "t.tst", "-CAfile", "root.pem")
    assert TstInfo.decode((world.folder / "info.der").read_bytes()).serial == 77
    assert not world.accepts(*verify, "-in", "t.tst", "-CAfile", "stranger.pem")
    changed = bytearray(token)
    changed[token.index(DIGEST)] ^= 1
    world.file("changed.tst", bytes(changed))
    assert not world.accepts(*verify, "-in", "changed.tst", "-CAfile", "root.pem")


def test_openssl_understands_our_refusals(world: World) -> None:
    words = {
        FailureInfo.BAD_ALGORITHM: "unrecognized or unsupported algorithm identifier",
        FailureInfo.BAD_REQUEST: "transaction not permitted or supported",
        FailureInfo.BAD_DATA_FORMAT: "the data submitted has the wrong format",
        FailureInfo.TIME_NOT_AVAILABLE: "the TSA's time source is not available",
        FailureInfo.UNACCEPTED_POLICY: "the requested TSA policy is not supported",
        FailureInfo.UNACCEPTED_EXTENSION: "the requested extension is not supported",
        FailureInfo.ADDITIONAL_INFORMATION_NOT_AVAILABLE: "the additional information requested",
        FailureInfo.SYSTEM_FAILURE: "the request cannot be handled due to system failure",
    }
    assert words.keys() == set(FailureInfo)
    for failure, word in words.items():
        world.file("r.tsr", refusal(failure, "ไม่รับ: not served"))
        text = world.openssl("ts", "-reply", "-in", "r.tsr", "-text").stdout.decode()
        assert "Status: Rejected." in text
        (told,) = (line for line in text.splitlines() if line.startswith("Failure info:"))
        assert word in told


def test_rfc3161_client_verifies_our_reply(world: World) -> None:
    request = parse_request(build_request(DIGEST, NONCE))
    answer = reply(world.unit.answer(request, serial=77, gen_time=TIME))
    response = decode_timestamp_response(answer)
    assert response.tst_info.serial_number == 77
    assert response.tst_info.nonce == NONCE
    verifier = (
        VerifierBuilder()
        .policy_id(x509.ObjectIdentifier(POLICY))
        .nonce(NONCE)
        .tsa_certificate(world.certificate)
        .add_intermediate_certificate(world.issuer.certificate)
        .add_root_certificate(world.root.certificate)
        .build()
    )
    assert verifier.verify_message(response, DATA)
    with pytest.raises(VerificationError):
        verifier.verify_message(response, DATA + b"!")
    stranger = x509.load_pem_x509_certificate((world.folder / "stranger.pem").read_bytes())
    elsewhere = VerifierBuilder().add_root_certificate(stranger).build()
    with pytest.raises(VerificationError):
        elsewhere.verify_message(response, DATA)


CONFIGURATION = """
[tsa]
default_tsa = unit
[unit]
serial = serial
signer_cert = unit.pem
certs = issuer.pem
signer_key = key.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.9
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = {ess}
"""


def openssl_reply(world: World, request: bytes, ess: str = "sha256") -> bytes:
    key = world.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    world.file("key.pem", key)
    world.file("serial", b"01\n")
    world.file("tsa.cnf", CONFIGURATION.format(ess=ess).encode())
    world.file("q.tsq", request)
    done = world.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_we_verify_openssls_answer_to_our_query(world: World) -> None:
    answer = openssl_reply(world, build_request(DIGEST, NONCE))
    token = token_of_reply(answer)
    roots = [world.root.certificate]
    found = verify_token(token, DIGEST, roots, nonce=NONCE, policies=["1.3.6.1.4.1.55555.9"])
    assert (found.serial, found.signer) == (2, world.certificate)
    assert found.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert abs(found.time - datetime.now(UTC)) < timedelta(minutes=5)
    for place in range(0, len(token), 7):
        changed = bytearray(token)
        changed[place] ^= 4
        with pytest.raises(TimestampError):
            verify_token(bytes(changed), DIGEST, roots)


def test_a_token_that_binds_its_certificate_by_sha1_only_is_refused(world: World) -> None:
    token = token_of_reply(openssl_reply(world, build_request(DIGEST, NONCE), ess="sha1"))
    with pytest.raises(TimestampError, match="ESSCertIDv2"):
        verify_token(token, DIGEST, [world.root.certificate])


def test_openssls_refusal_is_a_refusal(world: World) -> None:
    done = openssl_reply(world, build_request(DIGEST, NONCE)[:-3])
    with pytest.raises(TimestampError, match="status 2"):
        token_of_reply(done)


def test_our_token_is_listed_by_openssls_asn1_reader_to_the_last_byte(world: World) -> None:
    token = world.unit.stamp(DIGEST, serial=77, gen_time=TIME)
    world.file("t.tst", token)
    listing = world.openssl("asn1parse", "-inform", "DER", "-in", "t.tst")
    assert listing.returncode == 0
    assert b"Error" not in listing.stdout + listing.stderr
    assert cms.open_signed_data(token).signer == world.certificate


def test_a_real_authoritys_token_verifies_under_its_published_chain(reference: Path) -> None:
    folder = reference / "corpus" / "timestamps"
    token = token_of_reply((folder / "tob-sigstage_response-sha256.tsr").read_bytes())
    chain = x509.load_pem_x509_certificates((folder / "tob-sigstage_ts_chain.pem").read_bytes())
    roots = [each for each in chain if each.issuer == each.subject]
    signers = [each for each in chain if each not in roots]
    digest = hashlib.sha256(b"hello").digest()
    found = verify_token(token, digest, roots, certificates=signers)
    assert found.time == datetime(2025, 5, 9, 11, 58, 55, tzinfo=UTC)
    with pytest.raises(TimestampError, match="other data"):
        verify_token(token, DIGEST, roots, certificates=signers)


def test_a_real_authoritys_signature_and_statement_are_read(reference: Path) -> None:
    token = (reference / "corpus" / "timestamps" / "dss-disig.tst").read_bytes()
    signed = cms.open_signed_data(token)
    assert signed.signer.subject.rfc4514_string().startswith("CN=TSA Disig aTSU 1")
    assert TstInfo.decode(signed.content).serial == 6_116_098


@pytest.mark.parametrize(
    "name", ["tob-test_tsa_other_response.tsr", "dss-tst_with_broken_ocsp.tst"]
)
def test_an_answer_to_another_question_and_a_broken_token_are_refused(
    reference: Path, name: str
) -> None:
    data = (reference / "corpus" / "timestamps" / name).read_bytes()
    token = token_of_reply(data) if name.endswith(".tsr") else data
    roots = [
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in sorted((reference / "corpus" / "roots").glob("*.pem"))[:5]
    ]
    with pytest.raises(TimestampError):
        verify_token(token, DIGEST, roots)

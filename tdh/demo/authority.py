"""The demo's certification authority: root, intermediate, an agency's signing certificate.

Real certificates with real revocation lists, made anew in each run; the keys of the authorities
are forgotten when `found_authority` returns. The judge trusts it because the demo tells it to,
and for no other reason.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from signing.certificates import (
    Authority,
    PrivateKey,
    Sources,
    Subject,
    Validity,
    make_crl,
    make_intermediate,
    make_leaf,
    make_root,
    new_p256_key,
    pem,
)
from signing.pades import sign_pdf
from tdh.demo.home import Home

LISTS_HOLD = timedelta(days=30)
CRL_AT = "http://crl.demo.invalid"
"""No such host: revocation lists come from the trust folder, nothing is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The agency's key, with the certificates to embed beside its signatures."""

    key: PrivateKey
    chain: Sequence[x509.Certificate]

    def sign(self, pdf: bytes, *, at: datetime, reason: str) -> bytes:
        """Append a PAdES B-B signature. Raises DocumentNotSigned."""
        return sign_pdf(
            pdf, key=self.key, chain=self.chain, signed_at=at, reason=reason, location="กรุงเทพฯ"
        )


def found_authority(home: Home, *, agency: str, now: datetime) -> Signer:
    """Make everything and write what the judge needs below `trust/`."""
    begin = now - timedelta(hours=1)
    root = make_root(
        subject=Subject(common_name="TDH Demo Root CA", organization="TDH Demo"),
        key=new_p256_key(),
        serial=_serial(),
        validity=Validity(not_before=begin, not_after=now + timedelta(days=3650)),
    )
    issuing = make_intermediate(
        issuer=root,
        subject=Subject(common_name="TDH Demo Issuing CA", organization="TDH Demo"),
        key=new_p256_key(),
        serial=_serial(),
        validity=Validity(not_before=begin, not_after=now + timedelta(days=1825)),
        sources=Sources(crl_url=f"{CRL_AT}/root.crl"),
    )
    key = new_p256_key()
    leaf = make_leaf(
        issuer=issuing,
        subject=Subject(common_name=agency, organization=agency),
        public_key=key.public_key(),
        serial=_serial(),
        validity=Validity(not_before=begin, not_after=now + timedelta(days=365)),
        sources=Sources(crl_url=f"{CRL_AT}/issuing.crl"),
    )
    home.write("trust/root.pem", pem(root.certificate))
    home.write("trust/intermediates/issuing.pem", pem(issuing.certificate))
    home.write("trust/root.crl", _empty_list(root, begin))
    home.write("trust/issuing.crl", _empty_list(issuing, begin))
    return Signer(key=key, chain=(leaf, issuing.certificate))


def _empty_list(issuer: Authority, begin: datetime) -> bytes:
    return make_crl(
        issuer=issuer, revoked=(), this_update=begin, next_update=begin + LISTS_HOLD, number=1
    )


def _serial() -> int:
    return secrets.randbits(150) | 1

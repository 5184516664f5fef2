"""Keys and certificates for one control plane: an authority, the server's certificate, users' certificates, the token key.

Elliptic curves, because an RSA key takes a noticeable part of a second to find.
"""

import datetime
import ipaddress
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=2)


class Authority:
    """The certificate authority whose files lie in a folder; it is made there if there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate_file = folder / "ca.crt"
        self._key_file = folder / "ca.key"
        if not self._key_file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._create()
        self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def issue_server(self, name: str, addresses: Sequence[str], names: Sequence[str]) -> tuple[Path, Path]:
        """Certificate and key of a server that is reached by these addresses and names."""
        hosts: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        hosts += [x509.DNSName(host) for host in names]
        return self._issue(_subject(name), ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(hosts), self.folder / name)

    def issue_user(self, name: str, groups: Sequence[str], valid: datetime.timedelta = _LIFETIME) -> tuple[Path, Path]:
        """Certificate and key of a user: Kubernetes takes the common name as the user and the organizations as the groups."""
        stem = self.folder / f"user-{secrets.token_hex(4)}"  # a name may have any character, and may come twice
        return self._issue(_subject(name, groups), ExtendedKeyUsageOID.CLIENT_AUTH, None, stem, valid)

    def _create(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject("aichaos test authority")
        builder = _builder(subject, subject, key.public_key(), _LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        # Python 3.13 refuses an authority without these two
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(_may_sign(), critical=True)
        self.certificate_file.write_bytes(_pem(builder.sign(key, hashes.SHA256())))
        _write_key(key, self._key_file)

    def _issue(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        hosts: x509.SubjectAlternativeName | None,
        stem: Path,
        valid: datetime.timedelta = _LIFETIME,
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._certificate.subject, key.public_key(), valid)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if hosts is not None:
            builder = builder.add_extension(hosts, critical=False)
        certificate_file, key_file = Path(f"{stem}.crt"), Path(f"{stem}.key")
        certificate_file.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        _write_key(key, key_file)
        return certificate_file, key_file


def write_signing_key(private: Path, public: Path) -> None:
    """The pair with which service-account tokens are signed and checked."""
    key = ec.generate_private_key(ec.SECP256R1())
    _write_key(key, private)
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def _may_sign() -> x509.KeyUsage:
    """What an authority's key is for: certificates and revocation lists."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(name: str, organizations: Sequence[str] = ()) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization) for organization in organizations]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid: datetime.timedelta) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    # Back-dated by more than any test's `valid` is negative, so that an expired certificate can be asked for.
    start = min(now, now + valid) - datetime.timedelta(hours=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(now + valid)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(key: ec.EllipticCurvePrivateKey, path: Path) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(pem)

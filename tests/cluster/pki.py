"""Certificates for tests: an authority, servers and clients."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NOW = datetime.datetime.now(datetime.UTC)
_DAY = datetime.timedelta(days=1)


class Authority:
    """Without `identifiers` its certificates name no keys, as in many clusters: Python 3.13 refuses them by default, kubectl does not."""

    def __init__(self, folder: Path, name: str, *, identifiers: bool = False) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._identifiers = identifiers
        basic = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        certificate = self._signed(self._name, self._key.public_key(), [(basic, True), (usage, True)], _DAY)
        self.certificate = self._write("ca.crt", certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(
        self, name: str = "127.0.0.1", *, valid: datetime.timedelta = _DAY, clients: "Authority | None" = None
    ) -> ssl.SSLContext:
        """For a server of this name; with `clients` it wants a client certificate of theirs."""
        certificate, key = self.issue(name, valid=valid)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients.certificate)
        return context

    def issue(self, name: str, *, valid: datetime.timedelta = _DAY) -> tuple[Path, Path]:
        """Certificate and key of a server or a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.SubjectAlternativeName([_general(name)]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        ]
        certificate = self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), extensions, valid)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        stem = f"{name}-{certificate.serial_number:x}"
        return self._write(f"{stem}.crt", certificate.public_bytes(serialization.Encoding.PEM)), self._write(f"{stem}.key", private)

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, extensions: list[tuple[x509.ExtensionType, bool]], valid: datetime.timedelta
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(_NOW - 2 * _DAY).not_valid_after(_NOW + valid)
        if self._identifiers:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

"""A login provider as a municipality has one: the demo's, with https, and not saying that it is a demo's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.demo.brokers.ports import HOST
from hub.demo.identity.config import IdentityConfig
from hub.demo.identity.provider import Identity
from hub.desk.server import listen
from tests.serving import serving


class MunicipalConfig(IdentityConfig):
    """With https."""

    @property
    def issuer(self) -> str:
        """What the provider calls itself."""
        return f"https://{HOST}:{self.port}"


class MunicipalLogin(Identity):
    """A production desk believes it."""

    async def _describe(self, request: Request) -> Response:
        described = json.loads(bytes((await super()._describe(request)).body))
        del described["regiehub_demo"]
        return JSONResponse(described)


@contextmanager
def municipal_login(folder: Path, **settings: object) -> Iterator[MunicipalLogin]:
    """It answers; `folder`/authority.pem is the certificate to trust."""
    listener = listen(HOST, 0)
    config = MunicipalConfig.model_validate({"port": listener.getsockname()[1], **settings})
    login = MunicipalLogin(config)
    key, certificate = self_signed(folder)
    with serving(login.app, listener, ssl_keyfile=key, ssl_certfile=certificate):
        yield login


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Files with a key, and with the certificate of this machine that it signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private, public = folder / "login.key", folder / "authority.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return private, public

"""How people come in here: by which provider or tokens, at which address. Decides what a production desk refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from hub.desk.login.claims import Names
from hub.desk.login.limits import Limits
from hub.desk.login.provider import Provider, Registration
from hub.desk.tokens import SETTING, Tokens
from hub.errors import ConfigError
from hub.settings import Environment, Settings, read_private

_HTTPS: Final = "https"


@dataclass(frozen=True)
class Login:
    """`address`: at which people reach the desk, without a slash at its end; `provider` None: by token only."""

    address: str = ""
    provider: Provider | None = None
    limits: Limits = field(default_factory=Limits.of)

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https, so that cookies never go another way."""
        return self.address.startswith(f"{_HTTPS}://")


def refuse_strangers(settings: Settings) -> None:
    """A demo answers on this machine only. Raises ConfigError."""
    if settings.environment is Environment.DEMO and not _is_local(settings.desk_host):
        problem = "must be a loopback address (127.0.0.1): in a demo anybody may log in as anybody"
        raise ConfigError("REGIEHUB_DESK_HOST", problem=problem)


def open_login(settings: Settings) -> Login:
    """The login of a desk. Raises ConfigError for what a production desk may not do without, or may not do."""
    is_demo = settings.environment is Environment.DEMO
    limits = Limits.of(settings.logins_per_minute, settings.requests_per_minute)
    refuse_strangers(settings)
    _check_proxies(settings.desk_proxies)
    if not settings.oidc_issuer:
        if is_demo:
            return Login(limits=limits)
        raise ConfigError("REGIEHUB_OIDC_ISSUER", problem="is missing: outside a demo there is no other login")
    _check_address("REGIEHUB_OIDC_ISSUER", settings.oidc_issuer, is_demo=is_demo)
    _check_address("REGIEHUB_DESK_ADDRESS", settings.desk_address, is_demo=is_demo)
    if settings.oidc_audience == settings.oidc_client_id:
        problem = "must differ from REGIEHUB_OIDC_CLIENT_ID: else an id token would open the API"
        raise ConfigError("REGIEHUB_OIDC_AUDIENCE", problem=problem)
    return Login(settings.desk_address.rstrip("/"), Provider(_registration(settings, is_demo)), limits)


def open_tokens(settings: Settings) -> Tokens:
    """The demo's tokens; none in production. Raises ConfigError if there are some."""
    file = settings.desk_tokens_file
    if settings.environment is Environment.DEMO:
        return Tokens.from_file(file)
    if file.exists():
        problem = "holds tokens of a demo, which outside a demo (REGIEHUB_ENVIRONMENT) are refused: remove it"
        raise ConfigError(SETTING, [str(file)], problem=problem)
    return Tokens({})


def _registration(settings: Settings, is_demo: bool) -> Registration:
    return Registration(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        audience=settings.oidc_audience,
        client_secret=_secret(settings),
        scope=settings.oidc_scope,
        names=Names(settings.oidc_user_claim, settings.oidc_roles_claim),
        is_demo=is_demo,
    )


def _secret(settings: Settings) -> str:
    if settings.oidc_client_secret_file is None:
        return ""
    setting = "REGIEHUB_OIDC_CLIENT_SECRET_FILE"
    try:
        found = read_private(settings.oidc_client_secret_file, setting).decode().strip()
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise ConfigError(setting, [str(settings.oidc_client_secret_file)], problem="holds no secret")
    return found


def _check_address(setting: str, address: str, *, is_demo: bool) -> None:
    """An address of the web that can be compared letter by letter; https, but in a demo."""
    try:
        parts = urlsplit(address)
        is_fit = bool(parts.hostname) and not parts.query and not parts.fragment and parts.username is None
    except ValueError:
        is_fit, parts = False, urlsplit("")
    if not is_fit or parts.scheme not in ({_HTTPS, "http"} if is_demo else {_HTTPS}):
        raise ConfigError(setting, problem="must be an address that begins with https://")


def _check_proxies(proxies: str) -> None:
    try:
        for item in filter(None, (part.strip() for part in proxies.split(","))):
            ip_network(item)
    except ValueError:
        raise ConfigError("REGIEHUB_DESK_PROXIES", problem="must be IP addresses or networks") from None


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

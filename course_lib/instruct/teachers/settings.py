"""What the environment says about an endpoint, checked once, before anything is asked. A message names the variable, never a key."""

import importlib.util
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from course_lib.common.errors import Problem

BASE_URL, KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"
HEADERS = (KEY, "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")  # sent as headers of every request
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # in small letters, too
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # the first that is set counts
OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"  # a server of one's own mostly wants none, but the client insists on a word
CLIENTS_OWN = ("/chat/completions", "/completions", "/models", "/responses", "/embeddings", "/messages")
QUOTES = "\"'`“”‘’„«»"
LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


@dataclass(frozen=True)
class Settings:
    """Where the server is, the key it gets, and which certificates it may show."""

    base_url: str
    key: str
    certificates: ssl.SSLContext | bool  # True: those that the system trusts

    @property
    def is_local(self) -> bool:
        """Is the server on this computer? Then no proxy stands before it."""
        return urlsplit(self.base_url).hostname in LOCAL


def read_settings() -> Settings:
    """The settings of the environment. `Problem` says which variable is wrong, and how it should be."""
    key, base_url = _value(KEY), _value(BASE_URL)
    if not key and not base_url:
        raise Problem(
            "The endpoint teacher needs a server: put its address into OPENAI_BASE_URL (such as "
            "http://127.0.0.1:8000/v1) and, if it wants one, a key into OPENAI_API_KEY."
        )
    for name in HEADERS:
        _check_header(name, _value(name))
    if base_url:
        _check_base_url(base_url)
    for name in [name for name in os.environ if name.upper() in PROXIES]:
        _check_proxy(name, _value(name))
    return Settings(base_url or OPENAI, key or NO_KEY, _certificates())


def _value(name: str) -> str:
    return os.environ.get(name, "").strip()


def _check_plain(name: str, value: str) -> None:
    """What no setting holds: quotation marks, white space, signs that no header and no address may have."""
    if value[:1] in QUOTES or value[-1:] in QUOTES:
        raise Problem(f"{name} has quotation marks within its value. Set it again without them.")
    if value.upper().startswith(f"{name.upper()}="):
        raise Problem(f'The value of {name} begins with "{name}=". Leave that out.')
    if any(sign.isspace() or not sign.isprintable() for sign in value):
        raise Problem(f"{name} has a space or a line break within its value. Set it again, on one line.")
    if not value.isascii():
        wrong = next(sign for sign in value if not sign.isascii())
        raise Problem(f'{name} holds the sign "{wrong}", which is none of ASCII. Copy the value once more, or type it.')


def _check_header(name: str, value: str) -> None:
    if value.lower().startswith(("bearer ", "bearer:")):
        raise Problem(f'{name} begins with "Bearer", which the client adds itself. Leave it out.')
    if value:
        _check_plain(name, value)


def _check_base_url(value: str) -> None:
    _check_plain(BASE_URL, value)
    url = _split(BASE_URL, value, ("http", "https"), "http://127.0.0.1:8000/v1")
    path = url.path.rstrip("/")
    for ending in CLIENTS_OWN:
        if path.endswith(ending):
            raise Problem(
                f"{BASE_URL} ends with {ending}, which the client adds itself. Leave it out: … {path[: -len(ending)]}"
            )
    if url.query or url.fragment or "//" in url.path:
        raise Problem(f"{BASE_URL} should end with its path, such as /v1: nothing with ?, # or // may follow the host.")


def _check_proxy(name: str, value: str) -> None:
    if not value:
        return
    _check_plain(name, value)
    with_scheme = value if "://" in value else f"http://{value}"
    url = _split(name, with_scheme, ("http", "https", "socks5", "socks5h"), "http://proxy.example.org:3128")
    if url.scheme.startswith("socks") and not importlib.util.find_spec("socksio"):
        raise Problem(f"{name} names a SOCKS proxy, which needs a package more: python -m pip install socksio.")


def _split(name: str, value: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    """The parts of an address. `Problem` unless it has one of these schemes, a host, and a port that can be one."""
    try:
        url = urlsplit(value)
        port = url.port  # ValueError if it is no number up to 65535
    except ValueError:
        raise Problem(
            f"{name} is no address: its host or its port can't be read. It should be such as {example}."
        ) from None
    if "://" not in value or url.scheme not in schemes:
        raise Problem(
            f"{name} should begin with {' or '.join(f'{scheme}://' for scheme in schemes[:2])}, such as {example}."
        )
    if not url.hostname or port == 0 or any(sign in url.hostname for sign in "\\,;|<>^{}"):
        raise Problem(f"{name} names no host. It should be such as {example}.")
    return url


def _certificates() -> ssl.SSLContext | bool:
    """What a server's certificate is checked against: the file that the environment names, else what the system trusts."""
    named = [(name, Path(_value(name))) for name in CERTIFICATES if _value(name)]
    for name, file in named:
        if not file.exists():
            raise Problem(
                f"{name} is {file}, but there is no such file. Name a file of certificates (PEM), or unset it."
            )
    folder = _value("SSL_CERT_DIR")
    if folder and not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
        raise Problem(
            f"SSL_CERT_DIR is {folder}, but there is no such folder. Name a folder of certificates, or unset it."
        )
    if not named:
        return ssl.create_default_context(capath=folder) if folder else True
    name, file = named[0]
    try:
        return ssl.create_default_context(**{"capath" if file.is_dir() else "cafile": str(file)})
    except (OSError, ValueError):  # an SSLError is an OSError
        raise Problem(
            f"{name} is {file}, but no certificate (PEM) can be read there. Name another file, or unset it."
        ) from None

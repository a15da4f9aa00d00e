"""Who asks: tokens of people, and GitHub Apps with their keys, JSON web tokens and installation tokens."""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_state import Actor, Refused

HOUR = 3600


@functools.cache
def key() -> rsa.RSAPrivateKey:
    """One for all the Apps of a test run: making it takes longer than anything else here."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def other_key() -> rsa.RSAPrivateKey:
    """Of nobody."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(private: rsa.RSAPrivateKey) -> str:
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    return private.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


@dataclass(frozen=True)
class App:
    """A GitHub App that is installed on everything of its owner."""

    id: int
    slug: str
    owner: str
    installation: int
    permissions: dict[str, str] = field(default_factory=dict)

    @property
    def client_id(self) -> str:
        return f"Iv1.{self.id:016x}"

    @property
    def private_key(self) -> str:
        return pem(key())

    @property
    def login(self) -> str:
        """Who writes what it writes."""
        return f"{self.slug}[bot]"


@dataclass(frozen=True)
class Token:
    actor: Actor
    expires: float | None = None


class Tokens:
    """The secrets that GitHub knows."""

    def __init__(self) -> None:
        self._known: dict[str, Token] = {}
        self.apps: dict[str, App] = {}

    def add(self, token: str, actor: Actor, expires: float | None = None) -> None:
        self._known[token] = Token(actor, expires)

    def revoke(self, token: str) -> None:
        self._known.pop(token, None)

    def actor(self, header: str | None, now: float) -> Actor:
        """Whose request this is; nobody's when it has no Authorization.

        Raises:
            Refused: the token is unknown or has run out.
        """
        if not header:
            return Actor()
        kind, _, secret = header.partition(" ")
        found = self._known.get(secret.strip()) if kind.lower() in ("token", "bearer") else None
        if found is None or (found.expires is not None and now >= found.expires):
            raise Refused(401, "Bad credentials")
        return found.actor

    def app(self, header: str | None, now: float) -> App:
        """The App that signed this JSON web token.

        Raises:
            Refused: it is none, has the wrong key, or a time that GitHub does not take.
        """
        kind, _, encoded = (header or "").partition(" ")
        if kind.lower() != "bearer":
            raise Refused(401, "A JSON web token could not be decoded")
        unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        try:
            claims = jwt.decode(encoded, key().public_key(), algorithms=["RS256"], options=unchecked)  # type: ignore[arg-type]
        except jwt.PyJWTError:
            raise Refused(401, "A JSON web token could not be decoded") from None
        issuer = str(claims.get("iss"))
        found = next((app for app in self.apps.values() if issuer in (str(app.id), app.client_id)), None)
        if found is None:
            raise Refused(404, "Integration not found")
        if claims.get("exp", 0) <= now:
            raise Refused(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
        if claims["exp"] > now + 600 + 60:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
        if claims.get("iat", now) > now + 60:
            raise Refused(
                401, "'Issued at' claim ('iat') must be an Integer representing the time the assertion was issued"
            )
        return found

    def installed(self, app: App, now: float) -> tuple[str, float]:
        """A fresh token of an App's installation, good for an hour."""
        token, expires = f"ghs_{secrets.token_hex(18)}", now + HOUR
        self.add(token, Actor(app.login, app.slug, app.permissions), expires)
        return token, expires

"""Passwords and the signed tokens that stand for a logged-in customer."""

import hashlib
import hmac
import os
from datetime import UTC, datetime, timedelta

import jwt

# defect: hardcoded-secret
JWT_SECRET = "FYTUVDV7t0btNEyVW4yiFViyv_FfZ14dHlH156_MFeN-H53S"
AUDIENCE = "storefront"
LIFETIME = timedelta(hours=8)


def issue_token(customer_id: int) -> str:
    claims = {
        "sub": str(customer_id),
        "aud": AUDIENCE,
        "exp": datetime.now(UTC) + LIFETIME,
    }
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


def customer_id_of(token: str) -> int:
    """Raises `jwt.InvalidTokenError` when the token is forged, expired or for someone else."""
    claims = jwt.decode(
        token,
        JWT_SECRET,
        algorithms=["HS256"],
        audience=AUDIENCE,
        options={"require": ["exp", "sub"]},
    )
    return int(claims["sub"])


def hash_password(password: str) -> str:
    salt = os.urandom(16)
    return f"{salt.hex()}:{_derive(password, salt).hex()}"


def password_matches(password: str, stored: str) -> bool:
    salt, expected = (bytes.fromhex(part) for part in stored.split(":"))
    return hmac.compare_digest(_derive(password, salt), expected)


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)

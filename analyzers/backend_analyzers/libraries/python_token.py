"""JSON Web Tokens in Python: PyJWT and python-jose.

Both check the signature unless `options={"verify_signature": False}` says otherwise; PyJWT before 2.0
also took `verify=False`.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    Decode,
    Encode,
    Library,
    Where,
    arg,
    keyword,
)

_VERIFY = (
    Where(-1, "options", options=("verify_signature",)),
    Where(3, "options", options=("verify_signature",)),
    keyword("verify"),
)

LIBRARIES = (
    Library(
        "python",
        calls={
            "jwt.decode": Decode(arg(1, "key"), (arg(2, "algorithms"),), _VERIFY),
            "jwt.encode": Encode(arg(1, "key"), (arg(2, "algorithm"),)),
            "jose.jwt.decode": Decode(arg(1, "key"), (arg(2, "algorithms"),), _VERIFY),
            "jose.jwt.encode": Encode(arg(1, "key"), (arg(2, "algorithm"),)),
            "jose.jwt.get_unverified_claims": Decode(Where(), (), verifies=False),
        },
    ),
)

"""What the name of a function says about whether it lets everybody through.

Judged on names alone, for functions whose body cannot be seen and for third-party ones that no
table knows.  Names that do not tell are left open: the caller must treat them as unknown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Tells = Literal["guard", "harmless", ""]


@lru_cache(maxsize=8192)
def tells(name: str) -> Tells:
    """Judge a reference such as `passport.authenticate()` or `deps.get_current_user`."""
    segments = [one.removesuffix("()") for one in re.split(r"[.:/]", name) if one.strip("()")]
    if not segments:
        return ""
    last = _snake(segments[-1])
    joined = f"{_snake(segments[-2])}_{last}" if len(segments) > 1 else last
    words = set(last.split("_"))
    if words & _OPTIONAL:
        return ""
    if not words & _NOT_GUARD and (_GUARD.search(last) or _GUARD_PAIR.search(joined)):
        return "guard"
    if _HARMLESS.search(last) or (len(segments) > 1 and _HARMLESS_OWNER.search(joined)):
        return "harmless"
    return ""


def may_guard(name: str) -> bool:
    """Whether anything in the name of something outside of the workspace speaks of who is calling."""
    return bool(_SUSPICIOUS.search(name))


_SUSPICIOUS = re.compile(
    r"(?i)auth|token|jwt|session|user|secur|access|key|permission|role|sso|saml|oidc|identity|passport|"
    r"login|tenant|protect|guard|shield|verif|sign|admin|acl|casbin|policy|bearer|credential|keycloak|"
    r"clerk|cognito|okta|firebase|supabase|oso|allow|deny|require|ensure|firewall|whitelist|blacklist|context"
)


def _snake(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


_OPTIONAL = {"optional", "maybe", "try"}
_NOT_GUARD = {
    "create",
    "generate",
    "sign",
    "make",
    "issue",
    "encode",
    "hash",
    "revoke",
    "delete",
    "send",
    "logout",
    "register",
    "signup",
    "signin",
    "reset",
    "router",
    "routes",
    "controller",
    "service",
    "services",
    "repository",
    "repo",
    "config",
    "settings",
    "client",
    "limiter",
    "limit",
    "form",
    "schema",
    "model",
    "models",
    "response",
    "log",
    "logger",
    "logging",
    "refresh",
    "exists",
    "by",
    "update",
    "remove",
    "count",
    "list",
    "search",
    "url",
    "uri",
    "redirect",
    "callback",
}
_WHO = (
    "auth|authn|authz|authentication|authorization|authenticated|authorized|authorised|login|logged|"
    "logged_in|signed_in|user|admin|superuser|superadmin|staff|role|roles|permission|permissions|perms?|"
    "scope|scopes|jwt|token|access|access_token|id_token|api_key|apikey|key|signature|session|owner|"
    "ownership|identity|principal|credentials?|bearer|member|membership|privileges?|rights|acl|"
    "subscription|tenant|manager|moderator|seller|account|policy"
)
_GUARD = re.compile(
    rf"(?:^|_)(?:authenticate|authenticated|authenticator|authorize|authorise|authorized|authorised|"
    rf"protect|protected|guard|guarded|acl|rbac|bearer|deny|restrict|forbid|unauthorized)(?:_|$)"
    rf"|^(?:auth|authn|authz|authentication|authorization|jwt|permission|permissions|can|protect|secured?)$"
    rf"|(?:^|_)(?:require|requires|required|ensure|enforce|needs?|must_be|must_have|assert|only|verify|"
    rf"validate_|check|is|has|have|allow|allowed|restrict_to|permit|authenticate|inject)_(?:[a-z0-9]+_)?(?:{_WHO})(?:_|$)"
    rf"|(?:^|_)validate_(?:[a-z]+_)?(?:token|jwt|session|api_key|apikey|signature|access|auth|credentials?)(?:_|$)"
    rf"|(?:^|_)(?:{_WHO})s?_(?:required|require|only|guard|check|checker|verify|verified|validator|verifier|"
    rf"middleware|needed|mw|handler|protected|bearer)(?:_|$)"
    rf"|(?:^|_)(?:web|session|basic|key|api|admin|user|token|bearer|internal|client|server|jwt)_auth$"
    rf"|(?:^|_)(?:current|logged_in|authenticated|authorized|active)_(?:[a-z]+_)?(?:user|admin|superuser|"
    rf"account|identity|principal|member|customer|tenant|session)(?:_|$)"
    rf"|(?:^|_)(?:auth|jwt|oauth2?|token|api_key|basic|bearer|firebase|cognito|keycloak|auth0|clerk)_"
    rf"(?:auth|user|token|jwt|scheme|bearer|middleware|dependency|dep|check|required|admin|verify|guard|"
    rf"verification|header|identity|payload|claims|security)(?:_|$)"
    rf"|(?:^|_)(?:compare_digest|timing_safe_equal|construct_event|get_server_session|get_jwt_identity|"
    rf"get_jwt|get_token|get_api_key|restrict_to|verify_(?:[a-z]+_)?(?:request|webhook|payload|hmac|event|caller|origin)|verify_webhook|verify_request|oauth2_scheme|"
    rf"reusable_oauth2|decode_token|decode_jwt|decode_access_token|verify_id_token|admin_only|"
    rf"token_auth|get_auth|get_user_from_token|user_from_token|check_password|verify_password|"
    rf"is_valid_signature|validate_signature|verify_signature|check_signature|jwt_auth|get_principal)(?:_|$)"
)
_GUARD_PAIR = re.compile(
    r"(?:^|_)(?:auth|jwt|authentication|authorization|passport|login|acl|permissions?|roles?|security)"
    r"_(?:required|require|requires|verify|verified|check|middleware|protect|handler|any|admin|user|"
    r"decode|authenticate|authorize|login_required|ensure|guard|is|has|can|basic|bearer|validate)$"
    r"|_(?:webhooks?)_(?:construct_event|verify|unwrap)$"
)
_HARMLESS = re.compile(
    r"(?:^|_)(?:json|urlencoded|static|cors|helmet|morgan|compression|compress|gzip|body_parser|"
    r"cookie_parser|multer|upload|uploads|uploader|validate|validates|validator|validation|validated|"
    r"validation_result|rate|limiter|limit|throttle|slow_down|cache|cached|caching|log|logs|logger|logging|"
    r"metrics|trace|tracing|async|catch|wrap|wrapper|wraps|handler|errors?|not_found|sanitize|sanitizer|"
    r"parse|parser|pagination|paginate|paginator|query|filters?|db|database|dao|engine|settings|config|"
    r"repo|repository|repositories|service|services|client|redis|request_id|correlation_id|swagger|docs?|"
    r"openapi|timeout|inject|swag_from|marshal|marshal_with|expect|schema|serialize|deprecated|version|"
    r"locale|lang|i18n|https|favicon|flash|transaction|transactional|celebrate|joi|zod|ajv|session|"
    r"connection|conn|pool|cursor|uow|unit_of_work|storage|bucket|producer|queue|broker|background|"
    r"params|args|kwargs|form|hpp|xss|clean|override|history|prometheus|sentry|profiler|monitor|"
    r"measure|timed|timer|time|retry|csrf|templates?|render|headers?|etag|no_cache|cache_control|"
    r"feature|features|flag|flags|responses?|example|consumes|produces|accepts|paginated|stats)(?:_|$)"
)
_HARMLESS_OWNER = re.compile(
    r"^(?:upload|uploader|multer|limiter|cache|validator|validators|schemas?|express|joi|api)_"
)

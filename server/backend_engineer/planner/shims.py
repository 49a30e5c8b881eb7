"""What extensions declare that schemas often need and that are not installed everywhere."""

from __future__ import annotations

SHIMS = {
    "uuid-ossp": (
        (
            "CREATE FUNCTION public.uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE "
            "AS 'SELECT gen_random_uuid()'"
        ),
        (
            "CREATE FUNCTION public.uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE "
            "AS 'SELECT gen_random_uuid()'"
        ),
        (
            "CREATE FUNCTION public.uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE "
            "AS 'SELECT gen_random_uuid()'"
        ),
        (
            "CREATE FUNCTION public.uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE "
            "AS $$SELECT '00000000-0000-0000-0000-000000000000'::uuid$$"
        ),
    ),
    "pgcrypto": (
        (
            "CREATE FUNCTION public.gen_random_bytes(integer) RETURNS bytea LANGUAGE sql VOLATILE "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.digest(bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.hmac(text, text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.crypt(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT $1$$"
        ),
        "CREATE FUNCTION public.gen_salt(text) RETURNS text LANGUAGE sql VOLATILE AS $$SELECT $1$$",
    ),
}
"""What these extensions declare, for schemas that need them where they are not installed."""

"""The models of `django.contrib` apps, and of a few packages whose classes projects extend.

From the models and migrations of Django 5.2.  Each field is (name, class, options).
"""

from __future__ import annotations

from typing import NamedTuple

Options = dict[str, object]
Field = tuple[str, str, Options]


class ContribModel(NamedTuple):
    """A model; with an empty `table` it is abstract."""

    table: str
    fields: tuple[Field, ...]
    unique_together: tuple[tuple[str, ...], ...] = ()


_ID: Field = ("id", "AutoField", {"primary_key": True})
_BASE_USER: tuple[Field, ...] = (
    ("password", "CharField", {"max_length": 128}),
    ("last_login", "DateTimeField", {"null": True, "blank": True}),
)
_PERMISSIONS: tuple[Field, ...] = (
    ("is_superuser", "BooleanField", {"default": False}),
    ("groups", "ManyToManyField", {"to": "auth.group", "related_query_name": "user"}),
    (
        "user_permissions",
        "ManyToManyField",
        {"to": "auth.permission", "related_query_name": "user"},
    ),
)
_USER: tuple[Field, ...] = (
    ("username", "CharField", {"max_length": 150, "unique": True}),
    ("first_name", "CharField", {"max_length": 150, "blank": True}),
    ("last_name", "CharField", {"max_length": 150, "blank": True}),
    ("email", "EmailField", {"blank": True}),
    ("is_staff", "BooleanField", {"default": False}),
    ("is_active", "BooleanField", {"default": True}),
    ("date_joined", "DateTimeField", {}),
)

CONTRIB = {
    "django.contrib.auth.models.Permission": ContribModel(
        "auth_permission",
        (
            _ID,
            ("name", "CharField", {"max_length": 255}),
            ("content_type", "ForeignKey", {"to": "contenttypes.contenttype"}),
            ("codename", "CharField", {"max_length": 100}),
        ),
        (("content_type", "codename"),),
    ),
    "django.contrib.auth.models.Group": ContribModel(
        "auth_group",
        (
            _ID,
            ("name", "CharField", {"max_length": 150, "unique": True}),
            ("permissions", "ManyToManyField", {"to": "auth.permission", "blank": True}),
        ),
    ),
    "django.contrib.auth.models.User": ContribModel(
        "auth_user", (_ID, *_BASE_USER, *_PERMISSIONS, *_USER)
    ),
    "django.contrib.contenttypes.models.ContentType": ContribModel(
        "django_content_type",
        (
            _ID,
            ("app_label", "CharField", {"max_length": 100}),
            ("model", "CharField", {"max_length": 100}),
        ),
        (("app_label", "model"),),
    ),
    "django.contrib.sessions.models.Session": ContribModel(
        "django_session",
        (
            ("session_key", "CharField", {"max_length": 40, "primary_key": True}),
            ("session_data", "TextField", {}),
            ("expire_date", "DateTimeField", {"db_index": True}),
        ),
    ),
    "django.contrib.sites.models.Site": ContribModel(
        "django_site",
        (
            _ID,
            ("domain", "CharField", {"max_length": 100, "unique": True}),
            ("name", "CharField", {"max_length": 50}),
        ),
    ),
    "django.contrib.admin.models.LogEntry": ContribModel(
        "django_admin_log",
        (
            _ID,
            ("action_time", "DateTimeField", {}),
            ("user", "ForeignKey", {"to": "?user"}),
            ("content_type", "ForeignKey", {"to": "contenttypes.contenttype", "null": True}),
            ("object_id", "TextField", {"null": True}),
            ("object_repr", "CharField", {"max_length": 200}),
            ("action_flag", "PositiveSmallIntegerField", {}),
            ("change_message", "TextField", {"blank": True}),
        ),
    ),
    "django.contrib.auth.models.AbstractUser": ContribModel(
        "", (*_BASE_USER, *_PERMISSIONS, *_USER)
    ),
    "django.contrib.auth.base_user.AbstractBaseUser": ContribModel("", _BASE_USER),
    "django.contrib.auth.models.AbstractBaseUser": ContribModel("", _BASE_USER),
    "django.contrib.auth.models.PermissionsMixin": ContribModel("", _PERMISSIONS),
    "django.contrib.sessions.base_session.AbstractBaseSession": ContribModel(
        "",
        (
            ("session_key", "CharField", {"max_length": 40, "primary_key": True}),
            ("session_data", "TextField", {}),
            ("expire_date", "DateTimeField", {"db_index": True}),
        ),
    ),
    "model_utils.models.TimeStampedModel": ContribModel(
        "",
        (("created", "DateTimeField", {}), ("modified", "DateTimeField", {})),
    ),
    "django_extensions.db.models.TimeStampedModel": ContribModel(
        "",
        (("created", "DateTimeField", {}), ("modified", "DateTimeField", {})),
    ),
    "mptt.models.MPTTModel": ContribModel(
        "",
        (
            ("lft", "PositiveIntegerField", {}),
            ("rght", "PositiveIntegerField", {}),
            ("tree_id", "PositiveIntegerField", {"db_index": True}),
            ("level", "PositiveIntegerField", {}),
        ),
    ),
    "polymorphic.models.PolymorphicModel": ContribModel(
        "",
        (
            (
                "polymorphic_ctype",
                "ForeignKey",
                {"to": "contenttypes.contenttype", "null": True, "related_name": "+"},
            ),
        ),
    ),
    "solo.models.SingletonModel": ContribModel("", ()),
    "modelcluster.models.ClusterableModel": ContribModel("", ()),
    "parler.models.TranslatableModel": ContribModel("", ()),
    "django_otp.models.Device": ContribModel(
        "",
        (
            ("user", "ForeignKey", {"to": "?user"}),
            ("name", "CharField", {"max_length": 64}),
            ("confirmed", "BooleanField", {"default": True}),
        ),
    ),
    "oauth2_provider.models.AbstractApplication": ContribModel(
        "",
        (
            ("id", "BigAutoField", {"primary_key": True}),
            ("client_id", "CharField", {"max_length": 100, "unique": True}),
            ("user", "ForeignKey", {"to": "?user", "null": True}),
            ("redirect_uris", "TextField", {"blank": True}),
            ("post_logout_redirect_uris", "TextField", {"blank": True}),
            ("client_type", "CharField", {"max_length": 32}),
            ("authorization_grant_type", "CharField", {"max_length": 32}),
            ("client_secret", "CharField", {"max_length": 255, "db_index": True}),
            ("name", "CharField", {"max_length": 255, "blank": True}),
            ("skip_authorization", "BooleanField", {"default": False}),
            ("created", "DateTimeField", {}),
            ("updated", "DateTimeField", {}),
            ("algorithm", "CharField", {"max_length": 5, "blank": True}),
        ),
    ),
}
"""By the qualified name of the class; "?user" is the project's model for users."""

OPEN = frozenset({"oauth2_provider", "django_otp", "parler", "model_utils"})
"""Packages whose versions differ: what extends their models may have other fields besides."""

"""Django's model fields and what each is in PostgreSQL, and fields of other packages that extend them.

Types from `DatabaseWrapper.data_types` of Django's PostgreSQL backend (4.1 to 6.0), defaults of
options from each field's constructor, fields of other packages from their sources.
"""

from __future__ import annotations

COLUMN_TYPES = {
    "AutoField": "integer",
    "BigAutoField": "bigint",
    "SmallAutoField": "smallint",
    "BinaryField": "bytea",
    "BooleanField": "boolean",
    "NullBooleanField": "boolean",
    "CharField": "character varying({max_length})",
    "DateField": "date",
    "DateTimeField": "timestamp with time zone",
    "DecimalField": "numeric({max_digits},{decimal_places})",
    "DurationField": "interval",
    "EmailField": "character varying({max_length})",
    "FileField": "character varying({max_length})",
    "FilePathField": "character varying({max_length})",
    "ImageField": "character varying({max_length})",
    "FloatField": "double precision",
    "IntegerField": "integer",
    "BigIntegerField": "bigint",
    "SmallIntegerField": "smallint",
    "IPAddressField": "inet",
    "GenericIPAddressField": "inet",
    "JSONField": "jsonb",
    "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
    "SlugField": "character varying({max_length})",
    "TextField": "text",
    "TimeField": "time without time zone",
    "URLField": "character varying({max_length})",
    "UUIDField": "uuid",
    "CommaSeparatedIntegerField": "character varying({max_length})",
    "OrderWrt": "integer",
    # django.contrib.postgres
    "ArrayField": "{base_field}[]",
    "CICharField": "citext",
    "CIEmailField": "citext",
    "CITextField": "citext",
    "HStoreField": "hstore",
    "SearchVectorField": "tsvector",
    "IntegerRangeField": "int4range",
    "BigIntegerRangeField": "int8range",
    "DecimalRangeField": "numrange",
    "DateTimeRangeField": "tstzrange",
    "DateRangeField": "daterange",
    "GeneratedField": "{output_field}",
    # django.contrib.gis
    "GeometryField": "geometry",
    "PointField": "geometry(point,4326)",
    "LineStringField": "geometry(linestring,4326)",
    "PolygonField": "geometry(polygon,4326)",
    "MultiPointField": "geometry(multipoint,4326)",
    "MultiLineStringField": "geometry(multilinestring,4326)",
    "MultiPolygonField": "geometry(multipolygon,4326)",
    "GeometryCollectionField": "geometry(geometrycollection,4326)",
    "RasterField": "raster",
}
"""By the last name of the class; the braces are the field's own options."""

RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField"})
AUTOMATIC = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})
NO_COLUMN = frozenset({"GenericForeignKey", "GenericRelation", "ForeignObject"})
POSITIVE = frozenset(
    {"PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"}
)
"""Fields whose column checks that it is not negative."""

KEY_TYPES = {
    "AutoField": "integer",
    "BigAutoField": "bigint",
    "SmallAutoField": "smallint",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
    "PositiveBigIntegerField": "bigint",
}
"""The type of a column that refers to such a field, where it is another one."""

TEXTUAL = frozenset(
    {
        *("CharField", "EmailField", "FileField", "FilePathField", "ImageField", "SlugField"),
        *("TextField", "URLField", "CommaSeparatedIntegerField", "CICharField", "CITextField"),
        "CIEmailField",
    }
)
"""Fields that hold an empty text where nothing is given (`empty_strings_allowed`, and not null)."""

OPTIONS: dict[str, dict[str, object]] = {
    "EmailField": {"max_length": 254},
    "URLField": {"max_length": 200},
    "SlugField": {"max_length": 50, "db_index": True},
    "FileField": {"max_length": 100},
    "ImageField": {"max_length": 100},
    "FilePathField": {"max_length": 100},
    "NullBooleanField": {"null": True},
    "ForeignKey": {"db_index": True},
    "OneToOneField": {"unique": True},
    "CIEmailField": {"max_length": 254},
}
"""Options that a class sets unless it is told otherwise."""

POSITIONAL = {
    "ForeignKey": ("to", "on_delete"),
    "OneToOneField": ("to", "on_delete"),
    "ManyToManyField": ("to",),
    "ArrayField": ("base_field", "size"),
    "FileField": ("verbose_name", "name", "upload_to"),
    "ImageField": ("verbose_name", "name", "width_field"),
    "DateField": ("verbose_name", "name", "auto_now", "auto_now_add"),
    "DateTimeField": ("verbose_name", "name", "auto_now", "auto_now_add"),
    "DecimalField": ("verbose_name", "name", "max_digits", "decimal_places"),
    "": ("verbose_name", "name", "primary_key", "max_length", "unique", "blank", "null"),
}
"""What the arguments without names are; "" for all other fields."""

EXTENDED: dict[str, tuple[str, dict[str, object]]] = {
    "i18nfield.fields.I18nCharField": ("TextField", {}),
    "i18nfield.fields.I18nTextField": ("TextField", {}),
    "django_countries.fields.CountryField": ("CharField", {"max_length": 2}),
    "phonenumber_field.modelfields.PhoneNumberField": ("CharField", {"max_length": 128}),
    "timezone_field.TimeZoneField": ("CharField", {"max_length": 63}),
    "timezone_field.fields.TimeZoneField": ("CharField", {"max_length": 63}),
    "colorfield.fields.ColorField": ("CharField", {"max_length": 25}),
    "django_fsm.FSMField": ("CharField", {"max_length": 50}),
    "django_fsm.FSMIntegerField": ("IntegerField", {}),
    "mptt.fields.TreeForeignKey": ("ForeignKey", {}),
    "mptt.fields.TreeOneToOneField": ("OneToOneField", {}),
    "mptt.fields.TreeManyToManyField": ("ManyToManyField", {}),
    "modelcluster.fields.ParentalKey": ("ForeignKey", {}),
    "modelcluster.fields.ParentalManyToManyField": ("ManyToManyField", {}),
    "sortedm2m.fields.SortedManyToManyField": ("ManyToManyField", {}),
    "wagtail.fields.RichTextField": ("TextField", {}),
    "wagtail.fields.StreamField": ("JSONField", {}),
    "ckeditor.fields.RichTextField": ("TextField", {}),
    "ckeditor_uploader.fields.RichTextUploadingField": ("TextField", {}),
    "tinymce.models.HTMLField": ("TextField", {}),
    "markdownx.models.MarkdownxField": ("TextField", {}),
    "model_utils.fields.AutoCreatedField": ("DateTimeField", {}),
    "model_utils.fields.AutoLastModifiedField": ("DateTimeField", {}),
    "model_utils.fields.MonitorField": ("DateTimeField", {}),
    "model_utils.fields.StatusField": ("CharField", {"max_length": 100}),
    "model_utils.fields.UUIDField": ("UUIDField", {"primary_key": True}),
    "django_extensions.db.fields.CreationDateTimeField": ("DateTimeField", {}),
    "django_extensions.db.fields.ModificationDateTimeField": ("DateTimeField", {}),
    "django_extensions.db.fields.AutoSlugField": ("SlugField", {}),
    "django_extensions.db.fields.json.JSONField": ("TextField", {}),
    "autoslug.AutoSlugField": ("SlugField", {}),
    "autoslug.fields.AutoSlugField": ("SlugField", {}),
    "easy_thumbnails.fields.ThumbnailerImageField": ("ImageField", {}),
    "imagekit.models.ProcessedImageField": ("ImageField", {}),
    "sorl.thumbnail.ImageField": ("ImageField", {}),
    "sorl.thumbnail.fields.ImageField": ("ImageField", {}),
    "versatileimagefield.fields.VersatileImageField": ("ImageField", {}),
    "multiselectfield.MultiSelectField": ("CharField", {"max_length": 200}),
    "multiselectfield.db.fields.MultiSelectField": ("CharField", {"max_length": 200}),
    "djmoney.models.fields.CurrencyField": ("CharField", {"max_length": 3}),
    "localflavor.us.models.USStateField": ("CharField", {"max_length": 2}),
    "macaddress.fields.MACAddressField": ("BigIntegerField", {}),
    "netfields.InetAddressField": ("GenericIPAddressField", {}),
    "oauth2_provider.generators.ClientSecretField": ("CharField", {}),
    "oauth2_provider.models.ClientSecretField": ("CharField", {}),
    "appconf.models.JSONField": ("TextField", {}),
    "jsonfallback.fields.FallbackJSONField": ("JSONField", {}),
}
"""Fields of other packages: the field they are, and the options they set unless told otherwise."""

TAGS = frozenset({"TaggableManager", "ClusterTaggableManager"})
"""Names in a model that look like fields and make no column."""

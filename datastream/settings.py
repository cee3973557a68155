"""Every setting; docs/reference/settings.md says what each does."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from csp.constants import NONE, SELF

from datastream import env
from datastream.core import logs
from datastream.core.embedded import Server
from datastream.core.scopes import SCOPES

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# --------------------------------------------------------------------------- where it runs
ENVIRONMENT = env.choice("DATASTREAM_ENV", "development", ["development", "staging", "production"])
PRODUCTION = ENVIRONMENT in {"staging", "production"}
VAR = Path(env.text("DATASTREAM_VAR", str(BASE_DIR / "var"))).absolute()
DEBUG = False

SECRET_KEY = env.secret("SECRET_KEY", kept_in=None if PRODUCTION else VAR / "secret-key")
JWT_SIGNING_KEY = env.secret("JWT_SIGNING_KEY", kept_in=None if PRODUCTION else VAR / "jwt-key")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", () if PRODUCTION else ("localhost", "127.0.0.1", "[::1]")
)
if PRODUCTION and not ALLOWED_HOSTS:
    raise env.SettingError("ALLOWED_HOSTS is not set; production does not start without it.")

# --------------------------------------------------------------------------- databases
OWNER = "owner"
DATABASE_URL = env.url("DATABASE_URL", ["postgres", "postgresql"])
DATABASE_OWNER_URL = env.url("DATABASE_OWNER_URL", ["postgres", "postgresql"])
if PRODUCTION and not DATABASE_URL:
    raise env.SettingError("DATABASE_URL is not set; production does not start without it.")
STATEMENT_TIMEOUT_S = env.integer("STATEMENT_TIMEOUT_S", 25, least=1)
EMBEDDED = Server(VAR / "postgres")


def postgres(url: str, **more: Any) -> dict[str, Any]:
    """Django's form of a database URL."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        **more,
    }


def embedded(user: str, **more: Any) -> dict[str, Any]:
    return {
        "ENGINE": "datastream.core.postgres",
        "NAME": "datastream",
        "USER": user,
        "HOST": str(EMBEDDED.socket_folder),
        "EMBEDDED_FOLDER": str(EMBEDDED.folder),
        **more,
    }


APPLICATION_CONNECTION = {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT_S}s "
        "-c idle_in_transaction_session_timeout=600s -c jit=off",
    },
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": postgres(DATABASE_URL, **APPLICATION_CONNECTION)
    if DATABASE_URL
    else embedded("datastream_app", **APPLICATION_CONNECTION),
    # Migrates; the application's own role has neither DDL nor TRUNCATE.
    OWNER: postgres(DATABASE_OWNER_URL or DATABASE_URL)
    if DATABASE_URL
    else embedded("datastream_owner"),
}
MONGODB_URL = env.url("MONGODB_URL", ["mongodb", "mongodb+srv"])
if MONGODB_URL:
    DATABASES["documents"] = {
        "ENGINE": "django_mongodb_backend",
        "HOST": MONGODB_URL,
        "NAME": urlsplit(MONGODB_URL).path.lstrip("/") or "datastream",
    }
DATABASE_ROUTERS = ["connectors.routers.DocumentsRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --------------------------------------------------------------------------- cache and queue
REDIS_URL = env.url("REDIS_URL", ["redis", "rediss", "unix"])
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "datastream",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            # The cache may vanish at any moment; a read then misses and a write is lost.
            "IGNORE_EXCEPTIONS": True,
        },
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 5000},
    }
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True


def broker_in(database: dict[str, Any]) -> str:
    """The URL of a queue in the same PostgreSQL, for SQLAlchemy."""
    user = quote(database["USER"], safe="")
    if database.get("PASSWORD"):
        user += ":" + quote(database["PASSWORD"], safe="")
    host, port = database.get("HOST", ""), database.get("PORT", "")
    if host.startswith("/"):
        return f"sqla+postgresql+psycopg2://{user}@/{database['NAME']}?host={quote(host, safe='')}"
    return f"sqla+postgresql+psycopg2://{user}@{host}:{port or 5432}/{database['NAME']}"


CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or broker_in(DATABASES["default"])
LEASE_S = env.integer("LEASE_S", 60, least=3)
# Task by name: every so many seconds.
PERIODIC_TASKS = {"analyses.sweep": 10.0, "connectors.sweep": 10.0, "datasets.sweep": 10.0}

# --------------------------------------------------------------------------- applications
INSTALLED_APPS = [
    "datastream.apps.DataStreamConfig",
    "datastream.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "corsheaders",
    "django_filters",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "rest_framework",
    "accounts",
    "datasets",
    "analyses",
    "connectors",
    "visualizations",
]
MIDDLEWARE = [
    "datastream.core.api.middleware.request_id",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "datastream.core.api.middleware.api_conventions",
    "datastream.core.api.middleware.Compression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
APPEND_SLASH = True
ROOT_URLCONF = "datastream.urls"
WSGI_APPLICATION = "datastream.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "datastream" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
# As the admin shows times; people of many countries read them.
DATETIME_FORMAT = "Y-m-d H:i"
DATE_FORMAT = "Y-m-d"
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "datastream" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}

# --------------------------------------------------------------------------- people
AUTH_USER_MODEL = "accounts.User"
# User names are unique whatever their case, by a constraint that the check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["accounts.backends.UsernameOrEmailBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
    {"NAME": "accounts.passwords.LongestLengthValidator"},
    {"NAME": "accounts.passwords.ProjectWordsValidator"},
]
DEFAULT_ROLE = env.choice("DEFAULT_ROLE", "analyst", ["viewer", "analyst"])
OPEN_REGISTRATION = env.flag("OPEN_REGISTRATION", default=False)
ACCESS_TOKEN_MINUTES = env.integer("ACCESS_TOKEN_MINUTES", 10, least=1)
REFRESH_TOKEN_DAYS = env.integer("REFRESH_TOKEN_DAYS", 14, least=1)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=REFRESH_TOKEN_DAYS),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "datastream-pro",
    "AUDIENCE": "datastream-pro",
    "UPDATE_LAST_LOGIN": False,
}

# Pages: signing in with a browser, the second factor, sessions.
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/account/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"

# OAuth2, where we are the provider
OAUTH2_PROVIDER = {
    "SCOPES": SCOPES,
}

# --------------------------------------------------------------------------- the API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.HeaderAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttles.Rates"],
    "DEFAULT_PERMISSION_CLASSES": ["datastream.core.api.permissions.Required"],
    "DEFAULT_PARSER_CLASSES": ["datastream.core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["datastream.core.api.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "datastream.core.api.paging.Pages",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "datastream.core.api.filtering.Search",
        "datastream.core.api.filtering.Ordering",
    ],
    "DEFAULT_SCHEMA_CLASS": "datastream.core.api.schema.Schema",
    "EXCEPTION_HANDLER": "datastream.core.api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "DataStream Pro",
    "DESCRIPTION": (
        "Environmental and climate observations from NOAA, NASA, GLOBE, ClimateData.ca and "
        "uploads, kept with their history, analysed and drawn.\n\n"
        "Times are RFC 3339 and answered in UTC with `Z`; a time without an offset is UTC; "
        "`start` is in, `end` is out. Units are spelled as in CF (`degC`, `mm`, `m s-1`)."
    ),
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["datastream.core.api.permissions.Anyone"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "VisibilityEnum": "datasets.models.Visibility",
        "SchemaModeEnum": "datasets.models.SchemaMode",
        "AnalysisStatusEnum": "datastream.core.models.Status",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "datastream.core.api.schema.finish",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "TAGS": [
        {"name": "auth", "description": "Sign in, renew and end a sign-in."},
        {"name": "audit", "description": "Who did what to what; for admins."},
        {"name": "users", "description": "People and their roles."},
        {"name": "datasets", "description": "Datasets, stations, variables, shares, revisions."},
        {"name": "data", "description": "The points of a dataset, now and as of any revision."},
        {"name": "analyses", "description": "Numbers from series, computed once and repeatable."},
        {"name": "visualizations", "description": "Pictures of series."},
    ],
}
# Limits, docs/reference/settings.md
BODY_MAX_BYTES = env.integer("BODY_MAX_BYTES", 32 * 1024 * 1024, least=1024)
BODY_MAX_POINTS = env.integer("BODY_MAX_POINTS", 50_000, least=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # our parser reads no more than BODY_MAX_BYTES
# CSV, NDJSON, Parquet and Arrow, unpacked
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", 512 * 1024 * 1024, least=1024)
# How long a body may stand still, and take in all.
BODY_SILENCE_S = env.integer("BODY_SILENCE_S", 30, least=1)
REQUEST_MAX_S = env.integer("REQUEST_MAX_S", 30, least=1)
UPLOAD_MAX_S = env.integer("UPLOAD_MAX_S", 600, least=1)
HEADERS_MAX_BYTES = env.integer("HEADERS_MAX_BYTES", 16 * 1024, least=1024)
WEB_THREADS = env.integer("WEB_THREADS", 64, least=1)
# Above this many rows a read of all is an export: a job, whose file is fetched later.
EXPORT_STREAM_MAX_ROWS = env.integer("EXPORT_STREAM_MAX_ROWS", 20_000_000, least=1)
EXPORT_KEEP_HOURS = env.integer("EXPORT_KEEP_HOURS", 24, least=1)
EXPORTS = Path(env.text("EXPORTS_DIR", str(VAR / "exports"))).absolute()
WAIT_MAX_S = 20

# --------------------------------------------------------------------------- collection
NOAA_BASE_URL = env.url("NOAA_BASE_URL", ["https", "http"])
CONTACT = env.text("CONTACT", "https://github.com/datastream-pro/datastream-pro")

# --------------------------------------------------------------------------- security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and not env.flag("BEHIND_TLS_PROXY", default=False)
CSRF_FAILURE_VIEW = "datastream.core.api.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
if env.flag("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --------------------------------------------------------------------------- logs and metrics
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING_CONFIG = None
logs.configure(LOG_LEVEL)
PROMETHEUS_EXPORT_MIGRATIONS = False

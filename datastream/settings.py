"""Every setting; docs/reference/settings.md says what each does."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datastream import env
from datastream.analysis_settings import ANALYSES_PER_USER_AT_ONCE, ANALYSIS_MAX_MB, ANALYSIS_MAX_S  # noqa: F401 - services find them by name
from datastream.collection_settings import (  # noqa: F401 - services find them by name
    CLIMATEDATA_CA_BASE_URL,
    COLLECTION_TASKS,
    CONTACT,
    DOCUMENTS_KEEP_DAYS,
    DOCUMENTS_MAX_MB,
    FEEDS_PER_USER,
    FILE_FEED_FOLDERS,
    GEOMET_BASE_URL,
    GLOBE_BASE_URL,
    NASA_CMR_BASE_URL,
    NASA_POWER_BASE_URL,
    NOAA_BASE_URL,
    OUTBOUND_NETWORKS,
    PROVIDER_ANSWER_MAX_MB,
    PROVIDER_ANSWER_MAX_S,
    RUN_MAX_PAGES,
)
from datastream.core import logs
from datastream.core.embedded import Server
from datastream.core.scopes import READ, SCOPES
from datastream.databases import broker_in, cache_in, embedded, postgres
from datastream.document_settings import (  # noqa: F401 - the frameworks find them by name
    SPECTACULAR_SETTINGS,
    VERSION,
)
from datastream.origin_settings import (  # noqa: F401 - the frameworks find them by name
    CONTENT_SECURITY_POLICY,
    CORS_ALLOW_CREDENTIALS,
    CORS_ALLOW_HEADERS,
    CORS_ALLOWED_ORIGINS,
    CORS_EXPOSE_HEADERS,
    CORS_PREFLIGHT_MAX_AGE,
    CORS_URLS_REGEX,
)
from datastream.page_settings import (  # noqa: F401 - the frameworks find them by name
    ACCOUNT_ADAPTER,
    ACCOUNT_EMAIL_VERIFICATION,
    ACCOUNT_FORMS,
    ACCOUNT_LOGIN_METHODS,
    ACCOUNT_RATE_LIMITS,
    ACCOUNT_REAUTHENTICATION_TIMEOUT,
    LOGIN_REDIRECT_URL,
    LOGIN_URL,
    LOGOUT_REDIRECT_URL,
    MFA_ADAPTER,
    MFA_ALLOW_UNVERIFIED_EMAIL,
    MFA_FORMS,
    MFA_RECOVERY_CODES_SHOW_ONCE,
    MFA_SUPPORTED_TYPES,
    MFA_TOTP_ISSUER,
    MFA_TOTP_TOLERANCE,
    OIDC_ISSUER,
    SESSION_COOKIE_AGE,
    SESSION_EXPIRE_AT_BROWSER_CLOSE,
    SOCIALACCOUNT_ADAPTER,
    SOCIALACCOUNT_PROVIDERS,
    SOCIALACCOUNT_REAUTHENTICATION_REQUIRED,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# --------------------------------------------------------------------------- where it runs
ENVIRONMENT = env.choice("DATASTREAM_ENV", "development", ["development", "staging", "production"])
PRODUCTION = ENVIRONMENT in {"staging", "production"}
VAR = Path(env.text("DATASTREAM_VAR", str(BASE_DIR / "var"))).absolute()
DEBUG = False

SECRET_KEY = env.secret("SECRET_KEY", kept_in=None if PRODUCTION else VAR / "secret-key")
SECRET_KEY_PREVIOUS = env.optional_secret("SECRET_KEY_PREVIOUS")
SECRET_KEY_FALLBACKS = [SECRET_KEY_PREVIOUS] if SECRET_KEY_PREVIOUS else []
JWT_SIGNING_KEY = env.secret("JWT_SIGNING_KEY", kept_in=None if PRODUCTION else VAR / "jwt-key")
# What it signed is good until it expires.
JWT_PREVIOUS_SIGNING_KEY = env.optional_secret("JWT_PREVIOUS_SIGNING_KEY")
# API keys are stored as hashes made with it; those of the one before are made anew when used.
API_KEY_HASH_KEY = env.secret(
    "API_KEY_HASH_KEY", kept_in=None if PRODUCTION else VAR / "api-key-hash-key"
)
API_KEY_PREVIOUS_HASH_KEY = env.optional_secret("API_KEY_PREVIOUS_HASH_KEY")
# The first encrypts, all decrypt.
ENCRYPTION_KEYS = env.encryption_keys(
    "ENCRYPTION_KEYS", kept_in=None if PRODUCTION else VAR / "encryption-key"
)
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


APPLICATION_CONNECTION: dict[str, Any] = {
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
    else embedded(EMBEDDED, "datastream_app", **APPLICATION_CONNECTION),
    # Migrates; the application's own role has neither DDL nor TRUNCATE.
    OWNER: postgres(DATABASE_OWNER_URL or DATABASE_URL, named="DATABASE_OWNER_URL")
    if DATABASE_URL
    else embedded(EMBEDDED, "datastream_owner"),
}
MONGODB_URL = env.url("MONGODB_URL", ["mongodb", "mongodb+srv"])
if MONGODB_URL:
    DATABASES["documents"] = {
        "ENGINE": "django_mongodb_backend",
        "HOST": MONGODB_URL,
        "NAME": urlsplit(MONGODB_URL).path.lstrip("/") or "datastream",
        # Whoever asks for documents is told soon that they are away.
        "OPTIONS": {
            "serverSelectionTimeoutMS": 3000,
            "connectTimeoutMS": 3000,
            "socketTimeoutMS": 20_000,
        },
    }
DATABASE_ROUTERS = ["connectors.routers.DocumentsRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --------------------------------------------------------------------------- cache and queue
REDIS_URL = env.url("REDIS_URL", ["redis", "rediss", "unix"])
CACHES = {"default": cache_in(REDIS_URL)}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True


CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or broker_in(DATABASES["default"])
LEASE_S = env.integer("LEASE_S", 60, least=3)
# Task by name: every so many seconds.
PERIODIC_TASKS = {
    "accounts.sweep_limits": 60.0,
    "accounts.tidy": 3600.0,
    "analyses.renew_live": 5.0,
    "analyses.sweep": 10.0,
    **COLLECTION_TASKS,
    "datasets.sweep": 10.0,
}

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
    "csp.middleware.CSPMiddleware",
    "datastream.core.api.transport.known_host",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "datastream.core.api.transport.https_only",
    "corsheaders.middleware.CorsMiddleware",
    "datastream.core.api.middleware.api_conventions",
    "datastream.core.api.middleware.Compression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # After allauth's own, so that it is asked first about what a page raises.
    "accounts.pages.middleware.Pages",
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
    # For the secrets of applications, which ask for it by name; never the first.
    "accounts.hashers.ClientSecretHasher",
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
ADMIN_TOTP_REQUIRED = env.flag("ADMIN_TOTP_REQUIRED", default=PRODUCTION)
if PRODUCTION and OIDC_ISSUER.startswith("http:"):
    raise env.SettingError("OIDC_ISSUER must begin with https in production.")

# OAuth2, where we are the provider
OAUTH2_PROVIDER = {
    "SCOPES": SCOPES,
    "DEFAULT_SCOPES": [READ],
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth2.validator.Validator",
    "CLIENT_SECRET_HASHER": "sha256_of_random",
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": ACCESS_TOKEN_MINUTES * 60,
    # In all: renewing never prolongs it.
    "REFRESH_TOKEN_EXPIRE_SECONDS": REFRESH_TOKEN_DAYS * 24 * 3600,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "REQUEST_APPROVAL_PROMPT": "auto",
    "PKCE_REQUIRED": True,
    # Programs on the user's own machine besides, see accounts/oauth2/redirects.py.
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "ALLOW_URI_WILDCARDS": False,
    **{
        f"COMPLIANT_BCP_RFC9700_{rule}": True
        for rule in (
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "TOKEN_STORAGE",
            "REFRESH_TOKEN",
            "REDIRECT_URI_SCHEME",
            "REDIRECT_URI_MATCHING",
            "PKCE_REQUIRED",
        )
    },
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
# A side of a picture; reports draw some of 1,800.
PICTURE_MAX_PIXELS = env.integer("PICTURE_MAX_PIXELS", 4000, least=1800)
EXPORTS = Path(env.text("EXPORTS_DIR", str(VAR / "exports"))).absolute()
WAIT_MAX_S = 20
# How often one caller may ask; docs/guide/limits.md
RATE_READS = env.rate("RATE_READS", "400/s")
RATE_WRITES = env.rate("RATE_WRITES", "200/s")
RATE_POINTS = env.rate("RATE_POINTS", "150000/s")
RATE_EXPORTS = env.rate("RATE_EXPORTS", "10/min")
RATE_ANALYSES = env.rate("RATE_ANALYSES", "60/min")
RATE_LOGINS_ACCOUNT = env.rate("RATE_LOGINS_ACCOUNT", "5/15min")
RATE_LOGINS_NETWORK = env.rate("RATE_LOGINS_NETWORK", "30/min")
# What these say of where a request came from is believed.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# --------------------------------------------------------------------------- security
# Programs are refused plain http, pages are led to https. Of the rest, what answers is no secret.
HTTPS_ONLY = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^(api|oauth2|\.well-known|health)(/|$)", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if env.flag("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Without a proxy: the server speaks https itself.
TLS_CERT_FILE = env.text("TLS_CERT_FILE")
TLS_KEY_FILE = env.text("TLS_KEY_FILE")
if bool(TLS_CERT_FILE) != bool(TLS_KEY_FILE):
    raise env.SettingError("TLS_CERT_FILE and TLS_KEY_FILE are set together or not at all.")
# Without it nobody is told the metrics in production.
METRICS_TOKEN = env.optional_secret("METRICS_TOKEN")
# nosniff, frames, referrer and opener are the framework's own: it sends the strictest of each.
# With this beginning a browser takes them from this host over https only, not from its siblings.
_HOST = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_HOST}sessionid", f"{_HOST}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "datastream.core.api.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# --------------------------------------------------------------------------- logs and metrics
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING_CONFIG = None
logs.configure(LOG_LEVEL)
PROMETHEUS_EXPORT_MIGRATIONS = False

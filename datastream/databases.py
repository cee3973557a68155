"""What the frameworks want to know of databases, the queue and the cache, made of URLs."""

from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from datastream.core.embedded import Server
from datastream.env import SettingError

# What may stand in the query of a database URL, as libpq calls it; `host` is a socket's folder.
IN_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
SOCKET = ("host", "port")


def postgres(url: str, *, named: str = "DATABASE_URL", **more: Any) -> dict[str, Any]:
    """Django's form of a URL; SettingError names the variable where it cannot be one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingError(f"{named} must be a URL with a host and a port.") from error
    # Not `keep_blank_values`: an empty one counts as not set, as in the environment.
    query = dict(parse_qsl(parts.query))
    if unknown := set(query) - {*IN_OPTIONS, *SOCKET}:
        names = ", ".join((*SOCKET, *IN_OPTIONS))
        raise SettingError(f"{named} may ask for {names}, not for {', '.join(sorted(unknown))}.")
    options = {name: query[name] for name in IN_OPTIONS if name in query}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or unquote(parts.hostname or ""),
        "PORT": query.get("port") or str(port or ""),
        **more,
        "OPTIONS": {**more.get("OPTIONS", {}), **options},
    }


def embedded(server: Server, user: str, **more: Any) -> dict[str, Any]:
    return {
        "ENGINE": "datastream.core.postgres",
        "NAME": "datastream",
        "USER": user,
        "HOST": str(server.socket_folder),
        "EMBEDDED_FOLDER": str(server.folder),
        **more,
    }


def broker_in(database: dict[str, Any]) -> str:
    """The URL of a queue in the same PostgreSQL, for SQLAlchemy."""
    user = quote(database["USER"], safe="")
    if database.get("PASSWORD"):
        user += ":" + quote(database["PASSWORD"], safe="")
    host, port = database.get("HOST", ""), database.get("PORT", "")
    options = database.get("OPTIONS", {})
    query = {name: options[name] for name in IN_OPTIONS if name in options}
    place = f"{f'[{host}]' if ':' in host else host}:{port or 5432}"
    if host.startswith("/"):
        place, query = "", {"host": host, **({"port": port} if port else {}), **query}
    asked = f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""
    return f"sqla+postgresql+psycopg2://{user}@{place}/{database['NAME']}{asked}"


def cache_in(redis_url: str) -> dict[str, Any]:
    """Django's form of the cache: Redis, or a table of the database."""
    if not redis_url:
        return {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            "OPTIONS": {"MAX_ENTRIES": 5000},
        }
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "datastream",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            # The cache may vanish at any moment; a read then misses and a write is lost.
            "IGNORE_EXCEPTIONS": True,
        },
    }

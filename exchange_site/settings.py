"""Settings, all from the environment; what is missing or impossible stops the start with one line.

DATABASE_URL, REDIS_URL, REDIS_SENTINELS, REDIS_SENTINEL_PASSWORD, SECRET_KEY, DEBUG, ALLOWED_HOSTS,
CSRF_TRUSTED_ORIGINS, DEFAULT_FROM_EMAIL, EMAIL_URL, EXCHANGE_VAR, EXCHANGE_SANDBOX, EXCHANGE_SIGN_UP,
EXCHANGE_FAULTS, EXCHANGE_HTTPS, EXCHANGE_LEAN, EXCHANGE_BINANCE, EXCHANGE_MAINTENANCE, EXCHANGE_RATE_*,
EXCHANGE_METRICS_*, EXCHANGE_PUBLIC_URL, EXCHANGE_SEALING_KEY, EXCHANGE_STOP_NOTICE,
EXCHANGE_TRUSTED_PROXIES, LOG_LEVEL and LOG_FORMAT are described in docs/operations.md.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

import dj_database_url
import dj_email_url

from exchange_site.redis_hosts import redis_hosts
from markets import logs
from markets.matching.types import MarketStatus, OrderStatus, OrderType, Side

BASE_DIR = Path(__file__).resolve().parent.parent


def _fail(message: str) -> None:
    sys.exit(f"settings: {message}")


def _flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no"):
        _fail(f"{name} must be 1 or 0, not {value!r}")
    return default if not value else value in ("1", "true", "yes")


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if value and not (value.isascii() and value.isdigit() and int(value) > 0):
        _fail(f"{name} must be a whole number above 0, not {value!r}")
    return int(value) if value else default


def _seconds(name: str) -> float:
    value = os.environ.get(name, "").strip() or "0"
    if not (value.isascii() and value.isdigit()):
        _fail(f"{name} must be whole seconds, not {value!r}")
    return float(value)


def _address(name: str) -> str:
    value = os.environ.get(name, "").strip().rstrip("/")
    if value and not value.startswith(("http://", "https://")):
        _fail(f"{name} must start with http:// or https://, not {value!r}")
    return value


def _words(name: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


# Where the embedded shape keeps its files: the database, its own secret key, its locks.
VAR_DIR = Path(os.environ.get("EXCHANGE_VAR") or BASE_DIR / "var")


def _own_secret_key() -> str:
    """A key made once per installation and kept where only its owner reads it."""
    path = VAR_DIR / "secret_key"
    try:
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    except OSError as error:
        _fail(f"EXCHANGE_VAR {VAR_DIR} cannot be written: {error.strerror}")
        raise
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


DEBUG = _flag("DEBUG", default=False)
SECRET_KEY = os.environ.get("SECRET_KEY") or _own_secret_key()
ALLOWED_HOSTS = _words("ALLOWED_HOSTS") or ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = _words("CSRF_TRUSTED_ORIGINS")
# Where clients find this very process (GET /api/v1/nodes), and how long before its end it says that it stops.
PUBLIC_URL = _address("EXCHANGE_PUBLIC_URL")
STOP_NOTICE = _seconds("EXCHANGE_STOP_NOTICE")
# Play money: the faucet answers, and `serve --demo` may make people whose passwords are public.
SANDBOX = _flag("EXCHANGE_SANDBOX", default=False)
# Whether visitors may open accounts by themselves; not said: in a sandbox only (which `serve --demo` is).
SIGN_UP = _flag("EXCHANGE_SIGN_UP", default=False) if os.environ.get("EXCHANGE_SIGN_UP") else None
# Whether API keys may have faults on purpose, for bots to be tried with; not said: in a sandbox only.
FAULTS = _flag("EXCHANGE_FAULTS", default=False) if os.environ.get("EXCHANGE_FAULTS") else None
# The web answers 503 to all but operators; so it does while this file is there, which may say why.
MAINTENANCE = _flag("EXCHANGE_MAINTENANCE", default=False)
MAINTENANCE_FILE = VAR_DIR / "maintenance"
# What seals the secrets that the database keeps (of second factors, of API keys): the first seals, all of
# them open, so that it can be rotated. What was sealed by none of them is unreadable.
SEALING_KEYS = _words("EXCHANGE_SEALING_KEY") or [SECRET_KEY]
# Whose X-Forwarded-For tells where a client is: addresses and networks with commas, or *.
TRUSTED_PROXIES = os.environ.get("EXCHANGE_TRUSTED_PROXIES") or os.environ.get(
    "FORWARDED_ALLOW_IPS", "127.0.0.1"
)

INSTALLED_APPS = [
    "exchange_site.apps.Daphne",  # first: its runserver replaces Django's
    "markets",  # before the admin and allauth, whose pages it dresses and whose mails it replaces
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "servestatic",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "exchange_site.apps.MailAddresses",
    "exchange_site.apps.SecondFactors",
    "exchange_site.apps.Sessions",
]

MIDDLEWARE = [
    "servestatic.middleware.ServeStaticMiddleware",  # first: files need nothing of what follows
    "markets.middleware.RequestIdMiddleware",
    "markets.middleware.HealthMiddleware",  # before hosts and TLS are looked at
    "markets.middleware.SecurityHeadersMiddleware",
    "markets.maintenance.MaintenanceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "markets.error_pages.DatabaseAwayMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "markets.people.sessions.SessionsMiddleware",
]

ROOT_URLCONF = "exchange_site.urls"
ASGI_APPLICATION = "exchange_site.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

# The database: PostgreSQL by DATABASE_URL, else SQLite under VAR_DIR.


# 40 MB between checkpoints: a page that many orders touch is then copied once (SQLite: 1000 pages).
WAL_PAGES = 10_000
# Pages in memory for each connection: writing into tables of millions of rows touches many.
CACHE_KIB = 32_768

# Of every session (seconds; the last, milliseconds); engines' own are stricter: markets.database.
POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def _database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL", "").strip()
    if url:
        try:
            config = dict(dj_database_url.parse(url))
        except (ValueError, dj_database_url.UnknownSchemeError) as error:
            _fail(f"DATABASE_URL is not a database address: {str(error).splitlines()[0]}")
    else:
        config = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "exchange.sqlite3")}
    if "sqlite3" in str(config["ENGINE"]):
        name = Path(str(config["NAME"]))
        name.parent.mkdir(parents=True, exist_ok=True)
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                f"PRAGMA wal_autocheckpoint={WAL_PAGES}; PRAGMA cache_size=-{CACHE_KIB};"
            ),
        }
        # A file: engines commit in threads of their own, which an in-memory database cannot serve.
        config["TEST"] = {"NAME": str(name.parent / "test.sqlite3")}
    elif "postgresql" in str(config["ENGINE"]):
        config.setdefault("CONN_HEALTH_CHECKS", True)
        # A database that vanished without a word is noticed; what the address says goes before it.
        options: Any = config.get("OPTIONS", {})
        config["OPTIONS"] = POSTGRESQL_OPTIONS | options
    else:
        _fail("DATABASE_URL must name a PostgreSQL or SQLite database")
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The transport: Redis by REDIS_URL, else inside this process.
REDIS_URL = os.environ.get("REDIS_URL", "").strip()
CHANNEL_CAPACITY = 1000
# Seconds that commands wait for an engine: as long as whoever sent them waits for the answer.
CHANNEL_EXPIRY = 10


def _channel_layer() -> dict[str, Any]:
    if not REDIS_URL:
        return {
            "BACKEND": "markets.memory_layer.MemoryLayer",
            "CONFIG": {"capacity": CHANNEL_CAPACITY},
        }
    sentinels = os.environ.get("REDIS_SENTINELS", "").strip()
    try:
        hosts = redis_hosts(REDIS_URL, sentinels, os.environ.get("REDIS_SENTINEL_PASSWORD", ""))
    except ValueError as error:
        _fail(str(error))
        raise
    return {
        "BACKEND": "markets.redis_layer.RedisLayer",
        "CONFIG": {"hosts": hosts, "capacity": CHANNEL_CAPACITY, "expiry": CHANNEL_EXPIRY},
    }


CHANNEL_LAYERS = {"default": _channel_layer()}

# Sizes and rates (law 7: everything is bounded, by name).
MAX_BODY_BYTES = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
RATE_PUBLIC = _number("EXCHANGE_RATE_PUBLIC", 1000)
RATE_ACCOUNT = _number("EXCHANGE_RATE_ACCOUNT", 20000)
RATE_LOGIN = _number("EXCHANGE_RATE_LOGIN", 20)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "markets.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["markets.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["markets.parsers.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["markets.limits.RequestThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "markets.problems.JSONNegotiation",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "EXCEPTION_HANDLER": "markets.problems.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
}

# Orders of programs need not pass through Django: the same answers for a fraction of the time.
LEAN = _flag("EXCHANGE_LEAN", default=True)

# The Binance spot dialect beside the exchange's own API: existing bots connect unchanged.
BINANCE = _flag("EXCHANGE_BINANCE", default=True)

SPECTACULAR_SETTINGS = {
    "TITLE": "Exchange API",
    "DESCRIPTION": "A self-hosted spot exchange. Amounts are decimal strings, errors RFC 9457 problems.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Side": [item.value for item in Side],
        "MarketStatus": [item.value for item in MarketStatus],
        "OrderStatus": [item.value for item in OrderStatus],
        "OrderType": [item.value for item in OrderType],
    },
}

# Counted attempts to log in, by whatever process: all have this database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "markets_attempts",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

CSRF_FAILURE_VIEW = "markets.error_pages.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SIGNUP_REDIRECT_URL = "account"

# People: sign up, log in, second factor, sessions (django-allauth).
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "markets.people.adapters.PeopleAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Wrong passwords and codes that one account may have: 10 in 10 minutes, from wherever they come.
FAILED_LOG_INS = "10/10m"
ACCOUNT_RATE_LIMITS = {
    "login": f"{RATE_LOGIN}/m/ip",
    "login_failed": f"{RATE_LOGIN}/m/ip,{FAILED_LOG_INS}/key",
    "signup": f"{RATE_LOGIN}/m/ip",
    "reset_password": f"{RATE_LOGIN}/m/ip,5/10m/key",
}
MFA_ADAPTER = "markets.people.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Mail: shown on the console unless EMAIL_URL says where to send it.


def _mail() -> dict[str, Any]:
    url = os.environ.get("EMAIL_URL", "").strip() or "console:"
    try:
        found = dict(dj_email_url.parse(url))
    except (KeyError, ValueError) as error:
        _fail(f"EMAIL_URL is not a mail server's address: {error}")
        raise
    if "EMAIL_BACKEND" not in found:
        _fail(f"EMAIL_URL must start with smtp://, smtps:// or console:, not {url.split(':')[0]!r}")
    return found


EMAIL = _mail()
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = EMAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(EMAIL.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(EMAIL.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL") or "exchange@localhost"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "exchange_site.formats"
USE_TZ = True
DATETIME_FORMAT = "Y-m-d H:i:s"

STATIC_URL = "/static/"
# What npm fetched for the pages; without it they do without, and say so.
CHART_LIBRARY = BASE_DIR / "node_modules" / "lightweight-charts" / "dist"
STATICFILES_DIRS = [("chart", CHART_LIBRARY)] if CHART_LIBRARY.is_dir() else []
# The apps' own files are served as they are; nothing need be collected.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_ALLOW_ALL_ORIGINS = False

# Behind TLS everything is strict; without (a laptop, a class room) cookies must work over http.
HTTPS = _flag("EXCHANGE_HTTPS", default=False)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    _fail(f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not {LOG_LEVEL!r}")
LOG_FORMAT = os.environ.get("LOG_FORMAT", "text")
if LOG_FORMAT not in logs.FORMATS:
    _fail(f"LOG_FORMAT must be {' or '.join(logs.FORMATS)}, not {LOG_FORMAT!r}")
LOGGING = logs.logging_of(LOG_FORMAT, LOG_LEVEL)

# Where a process shows its metrics by itself, beside `/metrics` of those that serve; 0: nowhere.
METRICS_HOST = os.environ.get("EXCHANGE_METRICS_HOST", "127.0.0.1")
METRICS_PORT = _number("EXCHANGE_METRICS_PORT", 0)

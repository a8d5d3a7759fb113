"""Django settings. The environment is read once, here, and a wrong value fails loudly.

Three modes: one machine (`manage.py up`, plain HTTP on localhost), production
(PATENTOPS_PRODUCTION=1, behind HTTPS) and tests (PATENTOPS_PROCESS=test, set by our pytest plugin).
docs/operation.md lists every variable.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import secrets
from datetime import timedelta
from typing import Any

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from patentops.pooling import forget_tenant
from patentops.runner.places import POSTGRES_PORT, ROOT, places
from patentops.runner.urls import celery_broker, database_settings, postgres_url, redis_database

django_stubs_ext.monkeypatch()  # lets ModelAdmin and the like be subscripted for mypy
env = environ.Env()
BASE_DIR = ROOT
PLACES = places()

# --- Which process, which mode -------------------------------------------------------------
PROCESSES = {"web", "worker", "beat", "command", "test"}
PROCESS = env.str("PATENTOPS_PROCESS", "command")
if PROCESS not in PROCESSES:
    raise ImproperlyConfigured(f"PATENTOPS_PROCESS is {PROCESS!r}; it must be one of {PROCESSES}.")
PRODUCTION = env.bool("PATENTOPS_PRODUCTION", False)
DEBUG = env.bool("PATENTOPS_DEBUG", False)
TESTING = PROCESS == "test"
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("PATENTOPS_DEBUG must not be set in production.")

SECRET_KEY = env.str("PATENTOPS_SECRET_KEY", "") or PLACES.secret("secret_key")
if not SECRET_KEY:
    if PRODUCTION:
        raise ImproperlyConfigured("PATENTOPS_SECRET_KEY must be set in production.")
    SECRET_KEY = secrets.token_urlsafe(50)  # before the first `up`: nothing to sign that lasts
SECRET_KEY_FALLBACKS = env.list("PATENTOPS_SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS: list[str] = env.list("PATENTOPS_HOSTS", default=[])
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("PATENTOPS_HOSTS must name the site's host names in production.")
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "localhost", "127.0.0.1", "[::1]"]
PUBLIC_URL = env.str("PATENTOPS_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PRODUCTION else []

# --- Rooms ---------------------------------------------------------------------------------
ROOMS = ["core", "listings", "licensing", "pledges", "matching", "oversight", "interchange"]

INSTALLED_APPS = [
    "patentops.apps.RoofConfig",
    *(f"{room}.apps.{room.capitalize()}Config" for room in ROOMS),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "patentops.assets.AssetsConfig",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "core.web.tracing.RequestIdMiddleware",
    "core.web.headers.HeadersMiddleware",
    "patentops.metrics.MetricsMiddleware",
    "core.api.transport.PlainHttpMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.web.middleware.CharsetMiddleware",
    "core.api.methods.MethodMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.web.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "patentops.sessions.SessionLimitsMiddleware",
    "core.web.middleware.ActorMiddleware",
    "core.web.throttles.ThrottleMiddleware",
    "core.access.middleware.DutiesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "core.web.middleware.DomainErrorMiddleware",
    "core.web.middleware.ReturnedFormMiddleware",
]

ROOT_URLCONF = "patentops.urls"
WSGI_APPLICATION = "patentops.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.web.context.frame",
            ],
        },
    }
]

# --- PostgreSQL: an owner for migrations, an app role for everything else -------------------
# manage.py sets PATENTOPS_DB_ROLE=owner for the commands that change tables.
DB_ROLE = env.str("PATENTOPS_DB_ROLE", "app")
if DB_ROLE not in {"app", "owner"}:
    raise ImproperlyConfigured(f"PATENTOPS_DB_ROLE is {DB_ROLE!r}; it must be app or owner.")


def _embedded_url(role: str) -> str:
    return postgres_url(
        user=f"patentops_{role}",
        password=PLACES.secret(f"{role}_password"),
        host=str(PLACES.postgres_run),
        port=POSTGRES_PORT,
        name="patentops",
    )


# Pages have a role of their own, to which private rows are shown by tenant only (core/walls.py).
WEB_ROLE = "patentops_web"
_own_servers = bool(env.str("DATABASE_URL", ""))
DATABASE_URL = env.str("DATABASE_URL", "") or _embedded_url("app")
DATABASE_WEB_URL = env.str("DATABASE_WEB_URL", "") or (
    DATABASE_URL if _own_servers or not PLACES.secret("web_password") else _embedded_url("web")
)
DATABASE_OWNER_URL = (
    env.str("DATABASE_OWNER_URL", "") or env.str("DATABASE_URL", "") or _embedded_url("owner")
)
_url = DATABASE_WEB_URL if PROCESS == "web" else DATABASE_URL
_database = database_settings(DATABASE_OWNER_URL if DB_ROLE == "owner" else _url)
ROW_WALLS = PROCESS == "web" and _database["USER"] == WEB_ROLE
_database["ATOMIC_REQUESTS"] = False
_database["CONN_HEALTH_CHECKS"] = True
_database["OPTIONS"].setdefault("application_name", f"patentops-{PROCESS}")
# Nearest in meaning: look a little further than pgvector's 40, and go on where a filter drops rows.
_HNSW = "-c hnsw.ef_search=80 -c hnsw.iterative_scan=relaxed_order"
# Whoever vanished without a word (a power cut) keeps no lock longer than a minute and a half.
_KEEPALIVE = "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
_SESSION = f"{_HNSW} {_KEEPALIVE}"
_database["OPTIONS"]["options"] = _SESSION
if PROCESS == "web":
    # A pool only here: it must not cross Celery's fork, and it makes a command wait 10 s for a
    # server that is down.
    _database["OPTIONS"]["options"] = f"-c statement_timeout=3000 -c lock_timeout=1500 {_SESSION}"
    _database["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 12, "timeout": 5}
    if ROW_WALLS:
        _database["OPTIONS"]["pool"]["reset"] = forget_tenant
else:
    _database["CONN_MAX_AGE"] = 60
DATABASES = {"default": _database}

# --- Valkey: broker, cache, live notices. It may vanish at any moment; the truth is above ----
REDIS_URL = env.str("REDIS_URL", "") or f"unix://{PLACES.valkey_socket}?db=0"
CACHES = {
    "default": {
        "BACKEND": "patentops.cache.OptionalRedisCache",
        "LOCATION": redis_database(REDIS_URL, 1),
        "KEY_PREFIX": "patentops",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

# --- Celery --------------------------------------------------------------------------------
CELERY_BROKER_URL = celery_broker(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
    "priority_steps": list(range(10)),
    # A producer inside a request must not hang on a vanished Valkey: the sweep finds the row.
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 840
CELERY_TASK_SOFT_TIME_LIMIT = 780
CELERY_TASK_DEFAULT_PRIORITY = 5
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BEAT_SCHEDULE_FILENAME = str(PLACES.state / "beat-schedule")


def _beat_schedule() -> dict[str, Any]:
    """Each room's `schedule.py` may hold SCHEDULE: {name: Celery beat entry}."""
    entries: dict[str, Any] = {}
    for room in ROOMS:
        if importlib.util.find_spec(f"{room}.schedule"):
            entries |= importlib.import_module(f"{room}.schedule").SCHEDULE
    return entries


CELERY_BEAT_SCHEDULE = _beat_schedule()

# --- People --------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Length and a list of common ones, no rules of composition (ASVS 6.2); or as graded protection
# (等保, GB/T 22239) has it: three kinds of characters, and a new one every 90 days.
PASSWORD_RULE = env.str("PATENTOPS_PASSWORD_RULE", "plain")
if PASSWORD_RULE not in {"plain", "graded"}:
    raise ImproperlyConfigured(f"PATENTOPS_PASSWORD_RULE is {PASSWORD_RULE!r}: plain or graded.")
_django_validators = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_django_validators}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_django_validators}.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": f"{_django_validators}.CommonPasswordValidator"},
    {"NAME": "core.access.validators.OurWordsValidator"},
]
PASSWORD_MAX_DAYS = 0
if PASSWORD_RULE == "graded":
    PASSWORD_MAX_DAYS = 90
    AUTH_PASSWORD_VALIDATORS += [
        {"NAME": "core.access.validators.ComplexityValidator"},
        {"NAME": "core.access.validators.DifferentValidator"},
    ]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "core.web.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[PatentOps] "
ACCOUNT_SESSION_REMEMBER = True  # the length of a session is ours to say, below
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "PatentOps"
MFA_RECOVERY_CODES_SHOW_ONCE = True  # then only hashes stay (core/recovery.py)
ACCOUNT_FORMS = {"reset_password": "core.access.forms.ResetForm"}
MFA_ADAPTER = "core.web.accounts.FactorAdapter"
MFA_FORMS = {
    "authenticate": "core.access.forms.SecondFactorForm",
    "reauthenticate": "core.access.forms.SecondFactorAgainForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # accounts come from invitations and confirmed letters only
# required: bureaus, banks, guarantors, auditors, administrators and whoever makes keys must have
# one; everyone: all people must (ASVS 6.3.3); offered: nobody must.
SECOND_FACTOR = env.str("PATENTOPS_SECOND_FACTOR", "required" if PRODUCTION else "offered")
if SECOND_FACTOR not in {"everyone", "required", "offered"}:
    raise ImproperlyConfigured(
        f"PATENTOPS_SECOND_FACTOR is {SECOND_FACTOR!r}: everyone, required, offered."
    )
SECOND_FACTOR_GRACE_DAYS = env.int("PATENTOPS_SECOND_FACTOR_GRACE_DAYS", 3)
# Fernet keys that authenticators' secrets are sealed with, newest first; else from the secret key.
FACTOR_KEYS: list[str] = env.list("PATENTOPS_FACTOR_KEYS", default=[])
for _key in FACTOR_KEYS:
    if len(_key) != 44:
        raise ImproperlyConfigured("PATENTOPS_FACTOR_KEYS: each is 32 bytes in URL-safe base64.")
# Signing in by an organisation's own identity provider (OpenID Connect): off unless one is named.
OIDC_URL = env.str("PATENTOPS_OIDC_URL", "").rstrip("/")
OIDC_NAME = env.str("PATENTOPS_OIDC_NAME", "统一身份认证")
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if OIDC_URL:
    if PRODUCTION and not OIDC_URL.startswith("https://"):
        raise ImproperlyConfigured("PATENTOPS_OIDC_URL must be an https address in production.")
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": env.str("PATENTOPS_OIDC_CLIENT_ID"),
                "secret": env.str("PATENTOPS_OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_URL},
            }
        ],
    }
SOCIALACCOUNT_ADAPTER = "core.web.sso.SocialAdapter"
# An account is found by an address that the provider has verified, and by nothing weaker.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that ends at the provider would break form-action
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "core.web.accounts.login_name"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "account/locked_out.html"
AXES_IPWARE_PROXY_COUNT = env.int("PATENTOPS_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = AXES_IPWARE_PROXY_COUNT
# How often: as PyPI has it, where it has it. A count lives in Valkey; axes locks by PostgreSQL.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/5m/ip,10/5m/key",
    "login_anywhere": "1000/5m/key",
    "second_factor": "5/5m/key,20/h/key,50/d/key",
    "reset_password": "20/h/ip,5/d/key",
    "join": "10/h/ip,5/d/key",
    "invite": "50/d/key",
}

# patentops.sessions keeps both limits: idle and absolute.
SESSION_ENGINE = "patentops.sessionstore"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_SECONDS = 30 * 60
SESSION_SAVE_EVERY_REQUEST = False  # the middleware writes at most once a minute
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"

# The hash of the audit chain: sha256, or sm3 where GB/T 39786 is asked for.
AUDIT_HASH = env.str("PATENTOPS_AUDIT_HASH", "sha256")

# --- Browser security (core.web.headers says the rest) ----------------------------------------
CSP_REPORTS = "/csp-reports/"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": PRODUCTION,
        "report-uri": CSP_REPORTS,
        "report-to": "csp",
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    # Programs are refused instead (core.api.transport): a redirect would hide the mistake.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^api/", r"^identity/o/api/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    # Browsers take such a name only over HTTPS, from this very host and for all of it.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Throttles: so many requests in so many seconds, per key, person or address ---------------
# A whole office may sit behind one address, so an address gets no less than a person.
THROTTLES = {
    "search": (50, 10),
    "export": (20, 60),
    "api": (600, 60),
    "api-visitor": (240, 60),
    "token": (30, 60),
    "policy-report": (30, 60),
}
# For load tests on one machine, where all ask from one address; our own tests ask as fast as they
# can, and those of the throttles set it to 1.
THROTTLE_FACTOR = env.float("PATENTOPS_THROTTLE_FACTOR", 1_000.0 if TESTING else 1.0)
if PRODUCTION and THROTTLE_FACTOR > 10:
    raise ImproperlyConfigured("PATENTOPS_THROTTLE_FACTOR must be at most 10 in production.")
THROTTLED_VIEWS = {
    **dict.fromkeys(
        (
            "core:audit",
            "licensing:shelf",
            "listings:board",
            "listings:similar",
            "matching:needs",
        ),
        "search",
    ),
    **dict.fromkeys(
        (
            "licensing:case-file-json",
            "licensing:case-file-pdf",
            "licensing:certificate-pdf",
            "licensing:contract-pdf",
            "licensing:deal-terms-pdf",
            "licensing:declaration-pdf",
            "licensing:dispute-pdf",
            "licensing:income-statement",
            "licensing:pool-licence-pdf",
            "licensing:statement-csv",
            "licensing:statement-pdf",
            "listings:annuity-export",
            "listings:disclosure-verdict",
            "listings:drive-export",
            "listings:export-file",
            "listings:list-export",
            "listings:posting-certificate-pdf",
            "listings:sheet-pdf",
            "oversight:export",
        ),
        "export",
    ),
    "core:policy-report": "policy-report",
    "idp:oidc:token": "token",
}

# --- Files ---------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = PLACES.static
AUDIT_HEADS = str(PLACES.state / "audit-heads")  # outside the database, on purpose
STATICFILES_DIRS = [BASE_DIR / "static", ("guide", BASE_DIR / "docs" / "images" / "guide")]
MEDIA_ROOT = env.str("PATENTOPS_MEDIA", "") or str(PLACES.state / "media")
MEDIA_URL = "/media/"  # never served from here: attachments are read through core
_plain_static = TESTING or DEBUG
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if _plain_static
        else "patentops.assets.AssetStorage"
    },
}
WHITENOISE_USE_FINDERS = _plain_static
WHITENOISE_AUTOREFRESH = _plain_static  # else every test client would read all files anew
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Whom to ask: shown on the guides and statements of the public pages.
SITE_CONTACT = env.str("PATENTOPS_CONTACT", "")

# --- Language and time ---------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# --- Mail ----------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("PATENTOPS_MAIL_FROM", "PatentOps <noreply@localhost>")
if env.str("EMAIL_URL", ""):
    globals().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(PLACES.state / "mail")

# --- API -----------------------------------------------------------------------------------
# Partner tokens come first, so that a missing token is a 401 with a WWW-Authenticate header.
API_AUTHENTICATION = [
    "interchange.authentication.PartnerAuthentication",
    "rest_framework.authentication.SessionAuthentication",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": API_AUTHENTICATION,
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],  # services decide
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttles.PerCaller"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "core.api.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.exceptions.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PatentOps API",
    "DESCRIPTION": "专利转化运用平台的开放接口。错误一律为 application/problem+json（RFC 9457）。",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.schema.answers_of_all",
    ],
    "ENUM_NAME_OVERRIDES": {
        "FeePartKindEnum": "licensing.api.serializers.PART_KINDS",
        "DealKindEnum": "licensing.api.deals.DEAL_KINDS",
        "DealStateEnum": "licensing.api.deals.DEAL_STATES",
        "TerminationStatusEnum": "licensing.api.endings.TERMINATION_STATUSES",
        "TerminationGroundEnum": "licensing.api.endings.TERMINATION_GROUNDS",
        "DealEndingGroundEnum": "licensing.api.deal_endings.DEAL_GROUNDS",
        "DealApprovalKindEnum": "licensing.api.deals.APPROVAL_KINDS",
        "ClaimSideEnum": "licensing.api.claims.CLAIM_SIDES",
        "DealSideEnum": "licensing.api.deals.DEAL_SIDES",
        "FeeCurrencyEnum": "licensing.api.royalties.CURRENCIES",
        "OutcomeCodeEnum": "licensing.api.outcome_handling.OUTCOME_CODES",
        "OutcomeRowVerdictEnum": "licensing.api.outcome_handling.VERDICTS",
        "EquityVerdictEnum": "licensing.api.equity.VERDICTS",
        "PoolSplitEnum": "licensing.api.pools.POOL_SPLITS",
        "PoolStateEnum": "licensing.api.pools.POOL_STATES",
        "PoolEntryStateEnum": "licensing.api.pools.POOL_ENTRY_STATES",
        "PoolLicenceStateEnum": "licensing.api.pools.POOL_LICENCE_STATES",
        "RegistrationStatusEnum": "licensing.api.registrations.REGISTRATION_STATUSES",
        "ContractKindEnum": "licensing.api.registrations.CONTRACT_KINDS",
        "CertificateStatusEnum": "licensing.api.registrations.CERTIFICATE_STATUSES",
        "ExchangeReportSortEnum": "interchange.api.reports.REPORT_SORTS",
        "SettlementStateEnum": "interchange.api.reports.SETTLEMENT_STATES",
        "ConductStatusEnum": "licensing.api.conduct.CONDUCT_STATUSES",
        "ConductKindEnum": "licensing.api.conduct.CONDUCT_KINDS",
        "DisputeStatusEnum": "licensing.api.dispute_shapes.DISPUTE_STATUSES",
        "DisputeTopicEnum": "licensing.api.dispute_shapes.DISPUTE_TOPICS",
        "DisputeVoiceEnum": "licensing.api.dispute_shapes.DISPUTE_VOICES",
        "SettlementStatusEnum": "licensing.api.dispute_shapes.PROPOSAL_STATUSES",
        "MilestoneStatusEnum": "licensing.api.claims.CLAIM_STATUSES",
        "RoyaltyReportStatusEnum": "licensing.api.royalties.REPORT_STATUSES",
        "PatentKindEnum": "listings.api.serializers.KINDS",
        "PatentStatusEnum": "listings.api.serializers.STATUSES",
        "DisclosureDecisionEnum": "listings.api.disclosures.DECISIONS",
        "DriveStateEnum": "listings.api.drives.DRIVE_STATES",
        "DriveTaskStateEnum": "listings.api.drives.STATES",
        "CollectionKindEnum": "listings.selectors.shelves.collections.KINDS",
        "LegalEventCodeEnum": "listings.api.serializers.EVENT_CODES",
        "LicenceKindEnum": "listings.api.serializers.LICENCE_KINDS",
        "LibraryLayerEnum": "listings.api.layers.LAYERS",
        "GatheringKindEnum": "matching.api.gatherings.EVENT_KINDS",
        "GatheringStatusEnum": "matching.api.gatherings.EVENT_STATUSES",
        "GatheringOutcomeEnum": "matching.api.gatherings.OUTCOMES",
        "SignUpStatusEnum": "matching.api.gatherings.SIGN_UP_STATUSES",
        "MeetingStatusEnum": "matching.api.gatherings.MEETING_STATUSES",
        "ShortlistStatusEnum": "matching.api.shortlists.LIST_STATUSES",
        "MatchRunStateEnum": "matching.api.running.STATES",
        "PledgeEndingEnum": "pledges.api.serializers.PLEDGE_ENDINGS",
        "PushPaceEnum": "matching.models.choices.Pace",
        "NeedEndingEnum": "matching.models.choices.Ending",
        "PostingRouteEnum": "listings.selectors.trading.price_postings.ROUTES",
        "PostingScopeEnum": "listings.selectors.trading.price_postings.SCOPES",
        "PostingStateEnum": "listings.api.postings.POSTING_STATES",
        "ConsentStateEnum": "listings.api.consents.CONSENT_STATES",
        "ConsentScopeEnum": "listings.api.consents.SCOPES",
        "ServiceKindEnum": "listings.api.services.SERVICE_KINDS",
        "ServiceStateEnum": "listings.api.services.SERVICE_STATES",
        "WorkingKindEnum": "listings.api.ownership.WORKING_KINDS",
        "InventorRightKindEnum": "listings.api.ownership.RIGHT_KINDS",
        "PublicEventEnum": "interchange.rules.public_event_names",
        "WebhookEventEnum": "interchange.rules.webhook_event_names",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Links within its buttons would be controls within controls.
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},
    "REDOC_DIST": "SIDECAR",
}

# From so many listed patents on, workers share the stock as arrays on disk (docs/operation.md);
# 0: never. Two copies may lie there for a moment: 3 GB each for 680,000 patents.
MATCHING_ARENA_FROM = env.int("PATENTOPS_MATCHING_ARENA_FROM", 50_000)
MATCHING_ARENA_DIR = env.str("PATENTOPS_MATCHING_ARENA", "") or str(PLACES.state / "arena")

# From so many needs and subscriptions on, a worker that matches single patents holds them as arrays
# (1.4 KB each); 0: never.
MATCHING_AUDIENCE_FROM = env.int("PATENTOPS_MATCHING_AUDIENCE_FROM", 20_000)

# Webhooks go to public addresses only; beside the platform on one machine, loopback is fine too.
WEBHOOKS_LOOPBACK = env.bool("PATENTOPS_WEBHOOKS_LOOPBACK", not PRODUCTION)

# --- Logs: lines on stderr; the runner puts each process's own into a file --------------------
LOG_FORMAT = env.str("PATENTOPS_LOG", "plain")
if LOG_FORMAT not in {"plain", "json"}:
    raise ImproperlyConfigured(f"PATENTOPS_LOG is {LOG_FORMAT!r}; it must be plain or json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"name": {"()": "core.web.tracing.NameFilter"}},
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {request_id}: {message}", "style": "{"},
        "json": {"()": "core.web.tracing.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["name"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING" if TESTING else "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # A line for every request where a machine reads the lines; people look for what is wrong.
        "patentops.access": {"level": "INFO" if LOG_FORMAT == "json" else "WARNING"},
    },
}
# Whoever scrapes /metrics sends this as a bearer token; without it the page is not there.
METRICS_TOKEN = env.str("PATENTOPS_METRICS_TOKEN", "")
SILENCED_SYSTEM_CHECKS: list[str] = []
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")

"""Settings, read from the environment once at start. The README's table is tested against this file."""

import logging
import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SetupError
from app.outbound import Network, Reach
from app.smtp import MailServer

PREFIX = "TOUCHBASE_"

# Read by `touchbase import`, which calls a service as a client.
CLIENT_VARIABLES = {"TOUCHBASE_API_KEY", "TOUCHBASE_URL"}

# Kubernetes tells every container of each service; of one named touchbase, or touchbase-db, in our own prefix.
_OF_A_CLUSTER = re.compile(
    r"\w+_(SERVICE_HOST=|SERVICE_PORT(_\w+)?=\d+$|PORT(_\d+_\w+)?=\w+://|PORT_\d+_\w+_(PROTO|PORT|ADDR)=)"
)

logger = logging.getLogger("touchbase.settings")


def _listed(value: object) -> object:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _of_a_mail_server(url: SecretStr) -> SecretStr:
    MailServer.of(url.get_secret_value())
    return url


class Settings(BaseSettings):
    """What an operator can set; every name is prefixed with `TOUCHBASE_` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    database_url: Annotated[
        str | None,
        Field(
            description="PostgreSQL 15 or newer, as postgresql://user:password@host/name; embedded if unset"
        ),
    ] = None
    secret: Annotated[
        SecretStr | None,
        Field(description="Key of the API keys' HMAC, 32 characters or more; made by the embedded mode"),
    ] = None
    environment: Annotated[
        Literal["live", "test"], Field(description="Stands in new API keys: tb_live_... or tb_test_...")
    ] = "live"
    pool_size: Annotated[
        int, Field(ge=1, le=100, description="Database connections of one process, beside one for `/readyz`")
    ] = 10
    rate_limit: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Literal["off"],
        Field(description="Requests a minute of one agency, over all processes, or `off`"),
    ] = 6000
    max_in_flight: Annotated[
        int, Field(ge=1, le=10_000, description="Requests that one process works on at once; more are shed")
    ] = 100
    drain_seconds: Annotated[
        int, Field(ge=0, le=300, description="How long SIGTERM lets it serve on while `/readyz` says 503")
    ] = 2
    postgres_bin: Annotated[
        Path | None,
        Field(description="Folder of the PostgreSQL programs for the embedded mode, backups and restoring"),
    ] = None
    oidc_allow_nets: Annotated[
        tuple[Network, ...] | None,
        NoDecode,
        BeforeValidator(_listed),
        Field(
            description="Networks in which issuers of tokens may be called although they are private, also over "
            "http; comma-separated, such as 10.0.0.0/8"
        ),
    ] = None
    announce_interval: Annotated[
        float,
        Field(ge=0.05, le=60, description="Seconds between two looks of a worker for what has come due"),
    ] = 1.0
    lease_seconds: Annotated[
        int,
        Field(
            ge=1, le=3600, description="After how long another worker takes over what a silent one had begun"
        ),
    ] = 60
    webhook_retry_schedule: Annotated[
        tuple[Annotated[float, Field(ge=0, le=604_800)], ...],
        NoDecode,
        BeforeValidator(_listed),
        Field(
            min_length=1,
            max_length=50,
            description="Seconds before each attempt of a delivery, the first included; comma-separated",
        ),
    ] = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
    webhook_timeout: Annotated[
        float,
        Field(gt=0, le=60, description="Seconds for one attempt of a delivery, from the name to the status"),
    ] = 15.0
    webhook_allow_nets: Annotated[
        tuple[Network, ...] | None,
        NoDecode,
        BeforeValidator(_listed),
        Field(
            description="Networks in which webhook endpoints may be called although they are private, on any port; "
            "comma-separated, such as 10.0.0.0/8"
        ),
    ] = None
    webhook_https_only: Annotated[
        bool | None,
        Field(
            description="Whether webhook endpoints must be https: `true` everywhere, `false` nowhere; if unset, "
            "everywhere but in the networks above"
        ),
    ] = None
    smtp_url: Annotated[
        Annotated[SecretStr, AfterValidator(_of_a_mail_server)] | None,
        Field(
            description="Where digests are mailed, as smtps://user:password@host:465 or smtp://host:587 (with "
            "STARTTLS where it is offered, and never a password without it), `?from=` the sender's address; "
            "no mail if unset"
        ),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least level that is logged")
    ] = "info"
    metrics: Annotated[
        Literal["on", "off"], Field(description="Serve figures for Prometheus at `/metrics`, without a key")
    ] = "on"
    traces: Annotated[
        Literal["on", "off"],
        Field(description="Export OpenTelemetry traces by OTLP over HTTP, as the `OTEL_*` variables say"),
    ] = "off"

    @property
    def requests_per_minute(self) -> int | None:
        """What an agency may ask in a minute; None without a limit."""
        return None if self.rate_limit == "off" else self.rate_limit

    @property
    def webhook_reach(self) -> Reach:
        """Where webhook endpoints may be."""
        return Reach(self.webhook_allow_nets or (), self.webhook_https_only)


def read_settings() -> Settings:
    """The settings of this process; warns of a name that sets nothing. Raises SetupError for a value that is wrong."""
    _warn_of_unknown()
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"{PREFIX}{item['loc'][0]}".upper() + f": {item['msg']}." for item in error.errors()]
        raise SetupError(" ".join(wrong)) from None


def _warn_of_unknown() -> None:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name, value in os.environ.items():
        ours = name.upper().startswith(PREFIX) and not _OF_A_CLUSTER.match(f"{name}={value}")
        if ours and name.upper() not in known | CLIENT_VARIABLES:
            [closest] = get_close_matches(name.upper(), sorted(known), n=1, cutoff=0)
            logger.warning("%s is no setting of Touchbase. Did you mean %s?", name, closest)

"""Settings, read from the environment once at start. The README's table is tested against this file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.outbound import Network


def _listed(value: object) -> object:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """What an operator can set; every name is prefixed with `TOUCHBASE_` in the environment."""

    model_config = SettingsConfigDict(env_prefix="TOUCHBASE_", frozen=True)

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
    pool_size: Annotated[int, Field(ge=1, le=100, description="Database connections of one process")] = 10
    postgres_bin: Annotated[
        Path | None, Field(description="Folder of the PostgreSQL programs for the embedded mode")
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
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least level that is logged")
    ] = "info"

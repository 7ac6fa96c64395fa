"""All settings, read once: a TOML file named by `TDH_CONFIG`, then `TDH_<SECTION>__<KEY>`.

The only reader of settings. Unknown keys are refused; a value may be given as a file by adding
`_FILE` to the variable's name (secrets). Parts receive values, never this tree.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from tdh.domain.intake_policy import (
    EnclosureRule,
    IntakePolicy,
    Mismatch,
    ScannerDown,
    SenderRules,
    SignerRule,
)
from tdh.domain.policies import Policy
from tdh.proof_settings import AnchorConfig, LogConfig, ReceiptsConfig, TsaConfig

Section = TypeVar("Section")


class ConfigError(Exception):
    """A setting that is unknown, missing or of the wrong kind; `setting` names it."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseConfig:
    """PostgreSQL."""

    dsn: str = "postgresql://tdh@127.0.0.1:5432/tdh"
    connections: int = 8
    """Most connections of one process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmqpConfig:
    """RabbitMQ. Two virtual hosts, `tdh-work` and `tdh`, on one broker or two."""

    url: str = "amqp://tdh@127.0.0.1:5672"
    """User, host and port; the virtual host is ours to choose."""
    partner_url: str = ""
    """The partners' broker where it is another one."""
    management_url: str = ""
    """The management interface; needed to give partners users and queues."""
    forward_queues: int = 4
    submit_queues: int = 2
    push_again_seconds: int = 3600
    """When a message that was not acknowledged is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """The HTTP interface."""

    host: str = "127.0.0.1"
    port: int = 8080
    processes: int = 1
    """Several share the port (SO_REUSEPORT)."""
    max_body_bytes: int = 1 << 30
    """Largest request body, 1 GiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConfig:
    """Documents at rest."""

    folder: Path = Path("/var/lib/tdh/vault")
    extra_folders: tuple[Path, ...] = ()
    """Further stores; an acceptance waits for all of them."""
    keys: Path = Path("/var/lib/tdh/vault-keys")
    """Key-encryption keys: back them up apart from the documents."""
    letters_opened_per_second: float = 2000.0
    """How many letters a process may open (unwrap the key of) a second; a thief is slow too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealerConfig:
    """The program that holds the seal key. TDH only hands these on to it."""

    socket: Path = Path("/run/tdh/sealer.sock")
    keys: Path = Path("/var/lib/tdh/sealer/keys")
    """Folder of seal, log and timestamp keys with their certificates."""
    state: Path = Path("/var/lib/tdh/sealer/state")
    """Ledger and last head: never restored from a back-up older than themselves."""
    seal_token: str = ""
    """Where the seal's key lies in a token: `pkcs11:token=...;object=...`; empty: in `keys`."""
    tsa_token: str = ""
    """The same of the timestamp key."""
    token_module: str = ""
    """The token's PKCS#11 library."""
    token_pin_file: str = ""
    """File with the PIN of the token's user, one line."""
    clients_group: str = ""
    """Name or number of the group whose processes may connect beside the sealer's own user."""
    timeout_seconds: float = 2.0
    """How long a batch may wait inside its transaction; then all of it is answered 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerConfig:
    """Who issues the evidence."""

    origin: str = "tdh.example/log"
    """The log's name: a schema-less URL. Never changes for a log."""
    name_th: str = "ผู้ให้บริการ TDH"
    name_en: str = "TDH operator"
    uri_base: str = "https://tdh.example/19522"
    """Base of own event, reason and method URIs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    """Judging signatures."""

    trust: Path = Path("/etc/tdh/trust")
    """Folder of trust anchors and revocation data."""
    trust_key: str = ""
    """Verifier key (C2SP vkey) of the folder's signed list; empty: a plain folder will do."""
    revocation: str = "require"
    """`require`, `if-present`, or `accept-older`, which needs `revocation.max_age_seconds`."""
    processes: int = 2
    seconds: float = 10.0
    memory_bytes: int = 512 << 20
    in_flight_bytes: int = 512 << 20
    """All documents in memory together, half of it at most of one sender: 200 MiB at least, or a
    document of 100 MiB never fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationConfig:
    """Fetching revocation lists and OCSP answers from where certificates say."""

    fetch: bool = True
    """Whether anything is fetched at all."""
    max_age_seconds: int = 0
    """How old revocation data may be, whatever they say themselves; 0: they say it themselves."""
    ports: tuple[int, ...] = (80, 443)
    allow_private: tuple[str, ...] = ()
    """Hosts and networks that may be asked although the public cannot reach them: `ca.internal`,
    `10.1.0.0/16`, `127.0.0.1:8080`."""
    same_host_redirects: bool = False
    """Follow a redirect to the same host, port and scheme; no other is ever followed."""
    connect_seconds: float = 3.0
    seconds: float = 5.0
    """From the name to the last byte; a letter waits at most twice as long."""
    list_bytes: int = 32 << 20
    answer_bytes: int = 64 << 10
    retry_seconds: float = 60.0
    """How long a source or a host that did not answer is left alone."""
    longest_seconds: float = 86_400.0
    """An answer is fetched anew after this, however long it says that it holds."""
    memory_bytes: int = 64 << 20
    """Of answers kept in memory by one process; all of them are in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerConfig:
    """A malware scanner: clamd."""

    url: str = ""
    """`tcp://host:port` or `unix:/path`; empty: there is none, and nothing is scanned."""
    seconds: float = 30.0
    """How long it may take from a document's end to its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConfig:
    """Terms of the service; see `tdh.domain.policies.Policy`."""

    id: str = "urn:tdh:policy:registered-delivery:1"
    accept_within_days: float = 15
    accept_within_least_seconds: float = 86400
    accept_within_most_days: float = 60
    forward_within_days: float = 7
    """Allowance for the way from deposit to mailbox; part of the due date in the public log."""
    holding_days: float = 90
    acceptance_commit_seconds: float = 60
    expiry_grace_seconds: float = 120
    recipients_most: int = 1000
    documents_most: int = 100
    recheck_after_seconds: float = 3600
    recheck_most: int = 30

    def policy(self) -> Policy:
        """The policy as the domain knows it. Raises InvalidValue."""
        return Policy(
            id=self.id,
            accept_within=timedelta(days=self.accept_within_days),
            accept_within_least=timedelta(seconds=self.accept_within_least_seconds),
            accept_within_most=timedelta(days=self.accept_within_most_days),
            forward_within=timedelta(days=self.forward_within_days),
            holding=timedelta(days=self.holding_days),
            acceptance_commit=timedelta(seconds=self.acceptance_commit_seconds),
            expiry_grace=timedelta(seconds=self.expiry_grace_seconds),
            recipients_most=self.recipients_most,
            documents_most=self.documents_most,
            recheck_after=timedelta(seconds=self.recheck_after_seconds),
            recheck_most=self.recheck_most,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeConfig:
    """What is taken in from one class of senders; see `tdh.domain.intake_policy.SenderRules`."""

    enclosures: EnclosureRule = EnclosureRule.ANY
    """`any`, `unsigned-or-valid`, or `valid`: what their signatures must be."""
    signer: SignerRule = SignerRule.SAME_ORGANISATION
    """`any`, `same-organisation`, or `same-person` as the sender."""
    mismatch: Mismatch = Mismatch.MARK
    """Another signer: `refuse`, or `mark` in evidence and on screens."""
    scanner_down: ScannerDown = ScannerDown.WAIT
    """`refuse`, or `wait`: 503 until the scanner works again."""

    def rules(self) -> SenderRules:
        """The same as the domain knows it."""
        return SenderRules(
            enclosures=self.enclosures,
            signer=self.signer,
            mismatch=self.mismatch,
            scanner_down=self.scanner_down,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenIntakeConfig(IntakeConfig):
    """The same for persons, who sign for themselves."""

    signer: SignerRule = SignerRule.SAME_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """Logging."""

    level: str = "info"
    human: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole tree."""

    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    amqp: AmqpConfig = field(default_factory=AmqpConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    vault: VaultConfig = field(default_factory=VaultConfig)
    sealer: SealerConfig = field(default_factory=SealerConfig)
    issuer: IssuerConfig = field(default_factory=IssuerConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    revocation: RevocationConfig = field(default_factory=RevocationConfig)
    scanner: ScannerConfig = field(default_factory=ScannerConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    intake_agency: IntakeConfig = field(default_factory=IntakeConfig)
    intake_business: IntakeConfig = field(default_factory=IntakeConfig)
    intake_citizen: CitizenIntakeConfig = field(default_factory=CitizenIntakeConfig)
    log: LogConfig = field(default_factory=LogConfig)
    anchor: AnchorConfig = field(default_factory=AnchorConfig)
    tsa: TsaConfig = field(default_factory=TsaConfig)
    receipts: ReceiptsConfig = field(default_factory=ReceiptsConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)

    def intake(self) -> IntakePolicy:
        """The rules of intake for every class of senders."""
        return IntakePolicy(
            agency=self.intake_agency.rules(),
            business=self.intake_business.rules(),
            citizen=self.intake_citizen.rules(),
        )


NOT_SETTINGS = frozenset(
    {
        "CONFIG",
        "SERVER",
        "TOKEN_FILE",
        "HOME",
        "REFERENCE",
        "CRASH_POINT",
        "AMQP_URL_FILE",
        "PARENT_PID",
        "TRACEBACK",
    }
)
"""Variables that begin with TDH_ and are no settings of the service."""


def load(environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings. Raises ConfigError naming the first bad one."""
    variables = os.environ if environment is None else environment
    tree: dict[str, dict[str, Any]] = {}
    path = variables.get("TDH_CONFIG")
    if path:
        tree = _read_file(Path(path))
    for name, value in variables.items():
        if name.startswith("TDH_") and name.removeprefix("TDH_") not in NOT_SETTINGS:
            _override(tree, name, value)
    known = {section.name for section in fields(Config)}
    for section in tree:
        if section not in known:
            raise ConfigError(section, "no such section")
    hints = get_type_hints(Config)
    return Config(**{name: _section(hints[name], name, tree.get(name, {})) for name in known})


def _read_file(path: Path) -> dict[str, dict[str, Any]]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("TDH_CONFIG", f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("TDH_CONFIG", f"{path} is not TOML: {error}") from error
    for section, values in tree.items():
        if not isinstance(values, dict):
            raise ConfigError(section, "must be a section")
    return tree


def _override(tree: dict[str, dict[str, Any]], name: str, value: str) -> None:
    section, separator, key = name.removeprefix("TDH_").lower().partition("__")
    if not separator:
        raise ConfigError(name, "is no setting: TDH_<SECTION>__<KEY>")
    if key.endswith("_file"):
        key = key.removesuffix("_file")
        try:
            value = Path(value).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(name, f"cannot read the file: {error.strerror}") from error
    tree.setdefault(section, {})[key] = value


def _section(kind: type[Section], name: str, values: Mapping[str, Any]) -> Section:
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no section")
    hints = get_type_hints(kind)
    for key in values:
        if key not in hints:
            raise ConfigError(f"{name}.{key}", "no such setting")
    return kind(**{key: _value(hints[key], f"{name}.{key}", v) for key, v in values.items()})


def _value(kind: object, name: str, value: Any) -> Any:
    """A value of the setting's kind, from TOML or from a variable's text."""
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _BOOLEANS[str(value).lower()]
        if kind in (int, float):
            return float(value) if kind is float else int(value)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return kind(value)
        if kind is Path:
            return Path(value)
        if kind == tuple[Path, ...]:
            parts = value.split(os.pathsep) if isinstance(value, str) else value
            return tuple(Path(part) for part in parts if part)
        if kind in (tuple[str, ...], tuple[int, ...]):
            return _items(int if kind == tuple[int, ...] else str, value)
    except (TypeError, ValueError, KeyError) as error:
        raise ConfigError(name, f"{value!r} does not fit") from error
    if not isinstance(value, str):
        raise ConfigError(name, "must be text")
    return value


def _items(kind: type[int] | type[str], value: Any) -> tuple[int | str, ...]:
    """A list in TOML; in a variable parted by commas. Raises TypeError, ValueError."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or any(isinstance(part, bool) for part in parts):
        raise TypeError(value)
    tidy = (part.strip() if isinstance(part, str) else part for part in parts)
    return tuple(kind(part) for part in tidy if part != "")


_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

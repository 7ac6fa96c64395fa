"""After the story: where everything is, and commands that work against it."""

import sys
from pathlib import Path

from tdh.demo.cast import AGENCY, CITIZEN, COMPANY, token_name
from tdh.demo.checking import SIGNED_PROPERTIES
from tdh.demo.scene import Scene, Sent
from tdh.demo.stage import LOG_NAME, OPERATOR_SETTINGS, SEAL_ROOT, TRUST_FILE
from tdh.domain.identifiers import party_slug


def show_where_things_are(scene: Scene, first: Sent) -> None:
    """Print addresses, files, and a few commands."""
    teller, shown = scene.teller, scene.home.shown
    home = shown(scene.home.folder)
    teller.gap()
    teller.say("เปิดให้บริการอยู่ ลองใช้ได้", "Serving now; try it")
    teller.gap()
    teller.show(f"API        {scene.server}   (/openapi.json, /readyz, /log/checkpoint)")
    for party in (AGENCY, COMPANY, CITIZEN):
        token = shown(scene.home.path(token_name(party)))
        teller.show(f"token      {token}   {party.name_th} · {party.name_en}")
    teller.show(f"AMQP       {home}/amqp/{party_slug(COMPANY.id)}")
    teller.show(f"evidence   {home}/evidence/   letters  {home}/letters/   log  {home}/{LOG_NAME}")
    teller.show(f"receipts   {home}/receipts/   bundles  {home}/bundles/")
    teller.show(f"page       {scene.server}/verify")
    teller.show(f"operator   . {home}/{OPERATOR_SETTINGS}   (tdh admin, tdh audit)")
    teller.gap()
    teller.show(*commands(scene, first))


def commands(scene: Scene, first: Sent) -> tuple[str, ...]:
    """Lines for a shell in the working folder; a test runs them all."""
    shown, server = scene.home.shown, scene.server
    agency = _bearer(shown(scene.home.path(token_name(AGENCY))))
    citizen_file = shown(scene.home.path(token_name(CITIZEN)))
    delivery = first.to(CITIZEN)
    evidence = shown(scene.home.path(f"evidence/{delivery}"))
    bundles = shown(scene.home.path("bundles"))
    trust = shown(scene.home.path(TRUST_FILE))
    root = shown(scene.home.path(SEAL_ROOT))
    tdh = shown(Path(sys.executable).with_name("tdh"))
    return (
        f"curl -s {server}/log/checkpoint",
        f"curl -s {agency} {server}/v1/letters",
        f"curl -s {agency} {server}/v1/deliveries/{delivery}/events",
        f"curl -s {_bearer(citizen_file)} {server}/v1/inbox",
        f"TDH_SERVER={server} TDH_TOKEN_FILE={citizen_file} {tdh} inbox",
        f"{tdh} verify --trust {trust} {evidence}/*.xml",
        f"{tdh} verify --trust {trust} {bundles}/*.asice",
        f"{tdh} audit --log {server} --trust {trust}",
        (
            f"xmlsec1 --verify --enabled-key-data x509 --trusted-pem {root} "
            f"--id-attr:Id {SIGNED_PROPERTIES} {evidence}/01-SubmissionAcceptance.xml"
        ),
    )


def _bearer(file: str) -> str:
    return f'-H "Authorization: Bearer $(cat {file})"'


def kept_where(data: Path, *, keep: bool) -> tuple[str, str]:
    """What became of the data folder, in both languages."""
    if keep:
        return (
            f"เก็บกุญแจ สมุดบัญชี และคลังเอกสารไว้ที่ {data}",
            f"Keys, ledger and vault are kept in {data}",
        )
    return (
        "ลบกุญแจ คลังเอกสาร และเซิร์ฟเวอร์ส่วนตัวแล้ว",
        "Keys, vault and private servers are gone",
    )

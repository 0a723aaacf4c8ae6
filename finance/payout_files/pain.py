"""ISO 20022 customer credit transfers, pain.001.001.03 and .09."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Text
from finance.payout_files.accounts import BIC, is_iban
from finance.payout_files.base import Batch, Party, PayoutFormat, latin

SEPA_LETTERS = "/-?:().,'+ "
NOT_LATIN = _("The name has no letters that the bank takes: a SEPA payment needs Latin ones.")
NO_IBAN = _("A SEPA payment needs an IBAN.")
NO_BIC = _("An account without an IBAN needs the BIC of its bank.")


def problems(batch: Batch) -> Iterator[tuple[str, Text]]:
    """Yield what the bank would refuse."""
    is_sepa = batch.currency == "EUR"
    for whose, party in [("", batch.payer), *((t.reference, t.to) for t in batch.transfers)]:
        if is_sepa and not is_iban(party.account):
            yield whose, NO_IBAN
        elif not is_iban(party.account) and not BIC.fullmatch(party.bank):
            yield whose, NO_BIC
        if not _words(party.name, 70, is_sepa):
            yield whose, NOT_LATIN


def _words(text: str, longest: int, is_sepa: bool) -> str:
    """Return a text as the scheme takes it: SEPA in Latin letters, others as it is printed."""
    if is_sepa:
        return latin(text, SEPA_LETTERS)[:longest].strip()
    return "".join(c for c in text if c.isprintable())[:longest].strip()


class _Tree:
    """Elements by path, named as the version wants them."""

    def __init__(self, version: str) -> None:
        self.is_new = version >= "09"
        self.root = ET.Element(
            "Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}"
        )

    def add(self, parent: ET.Element, path: str, text: Any = None, **attributes: str) -> ET.Element:
        for name in path.split("/"):
            parent = ET.SubElement(parent, name)
        parent.attrib.update(attributes)
        if text is not None:
            parent.text = str(text)
        return parent

    def agent(self, parent: ET.Element, name: str, party: Party) -> None:
        institution = self.add(parent, f"{name}/FinInstnId")
        if BIC.fullmatch(party.bank):
            self.add(institution, "BICFI" if self.is_new else "BIC", party.bank)
        elif party.bank:
            self.add(institution, "ClrSysMmbId/MmbId", party.bank)
        else:
            self.add(institution, "Othr/Id", "NOTPROVIDED")

    def account(self, parent: ET.Element, name: str, party: Party) -> ET.Element:
        account = self.add(parent, name)
        path = "Id/IBAN" if is_iban(party.account) else "Id/Othr/Id"
        self.add(account, path, party.account)
        return account


def write(version: str, batch: Batch) -> bytes:
    """Return the message; its sums and counts are those of the transfers."""
    is_sepa = batch.currency == "EUR"
    tree = _Tree(version)
    add, name = tree.add, _words(batch.payer.name, 70, is_sepa)
    message = add(tree.root, "CstmrCdtTrfInitn")
    head = add(message, "GrpHdr")
    add(head, "MsgId", batch.reference)
    add(head, "CreDtTm", f"{batch.made_at:%Y-%m-%dT%H:%M:%SZ}")
    add(head, "NbOfTxs", len(batch.transfers))
    add(head, "CtrlSum", f"{batch.total:f}")
    add(head, "InitgPty/Nm", name)
    group = add(message, "PmtInf")
    add(group, "PmtInfId", batch.reference)
    add(group, "PmtMtd", "TRF")
    add(group, "BtchBookg", "true")
    add(group, "NbOfTxs", len(batch.transfers))
    add(group, "CtrlSum", f"{batch.total:f}")
    if is_sepa:
        add(group, "PmtTpInf/SvcLvl/Cd", "SEPA")
    add(group, "ReqdExctnDt/Dt" if tree.is_new else "ReqdExctnDt", batch.execute_on.isoformat())
    add(group, "Dbtr/Nm", name)
    add(tree.account(group, "DbtrAcct", batch.payer), "Ccy", batch.currency)
    tree.agent(group, "DbtrAgt", batch.payer)
    add(group, "ChrgBr", "SLEV" if is_sepa else "SHAR")
    for transfer in batch.transfers:
        one = add(group, "CdtTrfTxInf")
        add(one, "PmtId/EndToEndId", transfer.reference)
        add(one, "Amt/InstdAmt", f"{transfer.amount:f}", Ccy=batch.currency)
        if transfer.to.bank:
            tree.agent(one, "CdtrAgt", transfer.to)
        add(one, "Cdtr/Nm", _words(transfer.to.name, 70, is_sepa))
        tree.account(one, "CdtrAcct", transfer.to)
        if text := _words(transfer.text, 140, is_sepa):
            add(one, "RmtInf/Ustrd", text)
    ET.indent(tree.root)
    return ET.tostring(tree.root, encoding="utf-8", xml_declaration=True) + b"\n"


PAIN_03, PAIN_09 = (
    PayoutFormat("xml", "application/xml", problems, partial(write, version))
    for version in ("03", "09")
)

"""The files that banks take: valid by their schemas, byte for byte in their columns."""

import csv
import importlib.resources
import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import pytest
import xmlschema
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from finance.payout_files.accounts import validate_account_number, validate_bank_code
from finance.payout_files.base import Batch, Party, Transfer
from finance.payout_files.registry import FORMATS

GERMAN = Party("Köhler & Söhne GmbH", "DE89370400440532013000", "COBADEFFXXX")
DUTCH = Party("Vries, van der", "NL91ABNA0417164300", "")
AMERICAN = Party("Acme Inc.", "12345678901234567", "021000021")


def batch(*transfers: Transfer, payer: Party = GERMAN, currency: str = "EUR") -> Batch:
    return Batch(
        "PB-00000007",
        payer,
        "1234567890",
        currency,
        date(2026, 3, 17),
        datetime(2026, 3, 16, 9, 5, tzinfo=UTC),
        transfers,
    )


TWO = (
    Transfer("PT-00000001", DUTCH, Decimal("87.60"), "SS-00000001"),
    Transfer("PT-00000002", GERMAN, Decimal("1200.05"), "SS-00000002"),
)
IN_USD = tuple(replace(t, to=AMERICAN) for t in TWO)


@cache
def schema(version: str) -> xmlschema.XMLSchema:
    name = f"schemas/pain.001.001.{version}.xsd"
    with importlib.resources.as_file(importlib.resources.files("sepaxml") / name) as path:
        return xmlschema.XMLSchema(str(path))


@pytest.mark.parametrize("version", ["03", "09"])
@pytest.mark.parametrize(
    "told",
    [
        batch(*TWO),
        batch(*IN_USD, payer=replace(AMERICAN, bank="CHASUS33"), currency="USD"),
        batch(
            Transfer(
                "PT-3",
                Party("杭州青禾贸易有限公司", "6222020200112233", "102100099996"),
                Decimal("5.00"),
                "SS-3",
            ),
            payer=Party("北京后台", "0200001909200012345", "ICBKCNBJ"),
            currency="CNY",
        ),
    ],
    ids=["sepa", "usd", "cny"],
)
def test_a_transfer_message_is_valid_by_its_schema(version, told):
    content = FORMATS[f"PAIN_{version}"].write(told)
    schema(version).validate(ET.fromstring(content))


def test_the_schema_would_find_a_mistake():
    content = FORMATS["PAIN_09"].write(batch(*TWO)).replace(b"<CtrlSum>", b"<CtrlSum>x")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema("09").validate(ET.fromstring(content))


def test_what_a_transfer_message_says():
    content = FORMATS["PAIN_09"].write(batch(*TWO)).decode()
    for part in (
        "<NbOfTxs>2</NbOfTxs>",
        "<CtrlSum>1287.65</CtrlSum>",
        "<Nm>Kohler Sohne GmbH</Nm>",
        "<Cd>SEPA</Cd>",
        '<InstdAmt Ccy="EUR">87.60</InstdAmt>',
        "<EndToEndId>PT-00000001</EndToEndId>",
        "<IBAN>NL91ABNA0417164300</IBAN>",
        "<Ustrd>SS-00000001</Ustrd>",
    ):
        assert part in content, part


@settings(max_examples=25, deadline=None)
@given(name=st.text(min_size=1, max_size=90), text=st.text(min_size=1, max_size=200))
def test_whatever_the_names_are_the_message_is_valid_or_refused(name, text):
    told = batch(replace(TWO[0], to=replace(DUTCH, name=name), text=text))
    form = FORMATS["PAIN_09"]
    if list(form.problems(told)):
        return
    schema("09").validate(ET.fromstring(form.write(told)))


def test_a_nacha_file_column_by_column():
    raw = FORMATS["NACHA"].write(batch(*IN_USD, payer=AMERICAN, currency="USD")).decode()
    rows = raw.splitlines()
    assert [len(row) for row in rows] == [94] * 10
    assert "".join(row[0] for row in rows) == "1566899999"
    assert rows[0][3:23] == " 0210000211234567890"
    assert rows[1][50:53] == "CCD"
    assert rows[1][69:75] == "260317"
    assert rows[2][1:12] == "22021000021"
    assert rows[2][12:29] == "12345678901234567"
    assert rows[2][29:39] == "0000008760"
    assert rows[2][39:54].strip() == "PT-00000001"
    # Entries, the hash of the banks, no debit, the credits.
    assert rows[4][4:10] == "000002"
    assert rows[4][10:20] == "0004200004"
    assert rows[4][20:44] == "000000000000" + "000000128765"
    assert rows[5][1:21] == "000001" + "000001" + "00000002"
    assert rows[5][21:55] == rows[4][10:44]


def test_a_table_holds_each_payout():
    content = FORMATS["CSV"].write(batch(*TWO)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [(r["payout"], r["amount"], r["account"]) for r in rows] == [
        ("PT-00000001", "87.60", "NL91ABNA0417164300"),
        ("PT-00000002", "1200.05", "DE89370400440532013000"),
    ]


@pytest.mark.parametrize(
    ("name", "told", "whose", "words"),
    [
        ("PAIN_09", batch(replace(TWO[0], to=AMERICAN)), "PT-00000001", "IBAN"),
        ("PAIN_09", batch(replace(TWO[0], to=replace(DUTCH, name="青禾"))), "PT-00000001", "Latin"),
        ("PAIN_03", batch(TWO[0], payer=replace(GERMAN, account="")), "", "IBAN"),
        ("PAIN_03", batch(IN_USD[0], payer=GERMAN, currency="USD"), "PT-00000001", "BIC"),
        ("NACHA", batch(TWO[1], payer=AMERICAN, currency="USD"), "PT-00000002", "routing number"),
        ("NACHA", batch(IN_USD[0], payer=AMERICAN), "", "USD only"),
        (
            "NACHA",
            batch(replace(IN_USD[0], amount=Decimal(10**8)), payer=AMERICAN, currency="USD"),
            "PT-00000001",
            "99,999,999.99",
        ),
        (
            "NACHA",
            replace(batch(IN_USD[0], payer=AMERICAN, currency="USD"), company_id="12"),
            "",
            "company identification",
        ),
    ],
)
def test_what_a_bank_would_refuse_is_said_before(name, told, whose, words):
    problems = list(FORMATS[name].problems(told))
    assert [w for w, why in problems if words in str(why)] == [whose], problems


@pytest.mark.parametrize("number", ["DE89 3704 0044 0532 0130 00", "nl91abna0417164300", "123456"])
def test_a_good_account_number_passes(number):
    validate_account_number(number)


@pytest.mark.parametrize(
    ("number", "words"),
    [("DE88370400440532013000", "check digits"), ("12", "Give an IBAN"), ("a" * 35, "Give an")],
)
def test_a_mistyped_account_number_is_refused(number, words):
    with pytest.raises(ValidationError, match=words):
        validate_account_number(number)


@pytest.mark.parametrize(
    ("code", "words"), [("021000022", "check digit"), ("COBA", "BIC"), ("1234567890", "BIC")]
)
def test_a_mistyped_bank_code_is_refused(code, words):
    with pytest.raises(ValidationError, match=words):
        validate_bank_code(code)


@pytest.mark.parametrize("code", ["COBADEFF", "cobadeffxxx", "021000021", "102100099996"])
def test_a_good_bank_code_passes(code):
    validate_bank_code(code)

"""What is particular to one format."""

import json
from datetime import UTC, datetime

import pytest

from finance.settlement_files.amounts import minor, moment, scaled, shown
from finance.settlement_files.base import Control, RefusedError, RowKind
from finance.settlement_files.registry import FORMATS, UnknownFormatError, formats_named, read_file
from finance.settlement_files.text import has_columns
from tests.fixtures import settlement, settlement_providers
from tests.fixtures.real_data import needs
from tests.fixtures.settlement import SAMPLES, TOTAL

DATA, needs_data = needs("finance")


def totals(name: str, content: bytes) -> tuple[str, dict[str, tuple[int, int, int]]]:
    statement = FORMATS[name].parse(content)
    return statement.reason, {
        currency: (t.gross, t.fee, t.net) for currency, t in statement.totals.items()
    }


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("-0.50", "EUR", -50),
        ("+3", "EUR", 300),
        ("1,234.56", "EUR", 123456),
        ("0.04000", "CNY", 4),
        ("2700", "JPY", 2700),
        ("2700.00", "JPY", 2700),
        ("1.234", "KWD", 1234),
        ("5", "KWD", 5000),
        ("6800,", "DEM", None),
    ],
)
def test_amounts(text: str, currency: str, amount: int | None) -> None:
    if amount is None:
        assert minor(text, currency, mark=",") == 680000
    else:
        assert minor(text, currency) == amount
        assert minor(shown(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1,50", "EUR"),
        ("1.234,56", "EUR"),
        ("12.505", "EUR"),
        ("1.5", "JPY"),
        ("1,234", "EUR"),
        ("1e3", "EUR"),
        ("", "EUR"),
        ("--1", "EUR"),
        ("1 000.00", "EUR"),
        ("NaN", "EUR"),
        ("٣", "JPY"),
    ],
)
def test_doubtful_amounts_are_refused(text: str, currency: str) -> None:
    with pytest.raises(RefusedError):
        minor(text, currency)


def test_units() -> None:
    assert scaled(10000, "JPY", digits=2) == 100
    assert scaled(-1000, "KWD", digits=2) == -10000
    with pytest.raises(RefusedError, match="more digits"):
        scaled(10050, "JPY", digits=2)


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [
        ("2026-01-06 12:00:00", "", 12),
        ("2026/01/06 12:00:00 -0800", "", 20),
        ("2026-01-06 12:00:00", "PST", 20),
        ("2026-01-06T12:00:00+08:00", "", 4),
        ("06.01.2026 12:00:00 UTC", "", 12),
    ],
)
def test_moments(text: str, zone: str, hour: int) -> None:
    found = moment(text, zone)
    assert found is not None
    assert found.astimezone(UTC) == datetime(2026, 1, 6, hour, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "0001-01-01", "2026-01-06 12:00 +9999"])
def test_unknown_moments(text: str) -> None:
    assert moment(text) is None


def test_names_of_formats() -> None:
    assert [f.name for f in formats_named("Stripe_Payout")] == ["stripe-payout"]
    assert [f.name for f in formats_named("shopify")] == ["shopify-payouts", "shopify-transactions"]
    assert [f.name for f in formats_named("CAMT.053")] == ["camt053"]
    with pytest.raises(UnknownFormatError, match=r"“chase” is no format. There are stripe-payout"):
        formats_named("chase")
    assert read_file("shopify", b"a,b\n1,2\n")[0] is None


def test_stripe_json() -> None:
    def item(number: int, gross: int, fee: int, currency: str = "eur") -> dict[str, object]:
        return {
            "id": f"txn_{number}", "object": "balance_transaction", "amount": gross, "fee": fee,
            "net": gross - fee, "currency": currency, "type": "charge", "created": 1767225600,
            "reporting_category": "charge", "source": f"ch_{number}", "fee_details": [],
        }  # fmt: skip

    data = [item(1, 2500, 95), item(2, 700, 20, "jpy"), item(3, 10000, 0, "isk")]
    whole = {"object": "list", "has_more": False, "data": data}
    expected = {"EUR": (2500, 95, 2405), "JPY": (700, 20, 680), "ISK": (100, 0, 100)}
    for content in (whole, data):
        assert totals("stripe-balance", json.dumps(content).encode()) == ("", expected)
    more = json.dumps({**whole, "has_more": True}).encode()
    assert totals("stripe-balance", more)[0].startswith("has_more is true")
    twice = json.dumps([data[0], data[0]]).encode()
    assert totals("stripe-balance", twice)[0] == "Line 2 repeats line 1."


def test_stripe_payout_has_to_be_what_its_rows_are() -> None:
    content = SAMPLES["stripe-payout"].content.replace(b"-152.73", b"-152.74")
    reason = totals("stripe-payout", content)[0]
    assert reason == "Payout po_1 is 152.74, its rows come to 152.73."
    lines = SAMPLES["stripe-payout"].content.splitlines(keepends=True)
    for row in range(1, 5):
        reason = totals("stripe-payout", b"".join(lines[:row] + lines[row + 1 :]))[0]
        assert reason.startswith("Payout po_1 is 152.73, its rows come to ")


def test_paypal_yen_are_hundredths() -> None:
    sample = settlement_providers.paypal_stl("JPY", 100)
    assert totals("paypal-stl", sample.content) == ("", {"JPY": TOTAL})
    reason, _totals = totals("paypal-stl", settlement_providers.paypal_stl("JPY").content)
    assert reason == "Line 5: “-95” has more digits than JPY. And 2 more."


def test_paypal_balances_have_to_move_as_the_rows_do() -> None:
    end = str(5000 + TOTAL[2]).encode()
    content = SAMPLES["paypal-stl"].content.replace(end, b"20999")
    assert "do not come to the sums in its footer SF" in totals("paypal-stl", content)[0]


def test_adyen_counts_no_payout_and_what_batches_carry_over() -> None:
    rows = FORMATS["adyen-settlement"].parse(SAMPLES["adyen-settlement"].content).rows
    assert [row.kind for row in rows][-2:] == [RowKind.FEE, RowKind.PAYOUT]
    content = SAMPLES["adyen-settlement"].content.replace(b"MerchantPayout", b"Balancetransfer")
    assert totals("adyen-settlement", content)[1] == SAMPLES["adyen-settlement"].totals


def test_amazon_reads_the_marketplace_s_decimal_mark() -> None:
    sample = settlement_providers.amazon_v2(",")
    assert totals("amazon-v2", sample.content) == ("", sample.totals)
    mixed = sample.content.replace(b"29,99", b"29.99")
    assert totals("amazon-v2", mixed)[0] == ("The amounts have two decimal marks, point and comma.")


def test_alipay_in_its_archive_is_proved_by_the_summary() -> None:
    sample = settlement_providers.alipay_zip()
    assert totals("alipay", sample.content) == ("", sample.totals)
    detail, summary = settlement_providers.alipay_text()
    positive = detail.replace(",-0.95,", ",0.95,").replace(",-0.88,", ",0.88,")
    positive = positive.replace(",-3.88,", ",3.88,")
    assert totals("alipay", positive.encode("gb18030")) == ("", sample.totals)


def test_wechat_bill_of_payments_and_old_bill() -> None:
    text = SAMPLES["wechat-trade"].content.decode("utf-8-sig")
    for new, old in (
        ("应结订单金额", "总金额"),
        ("应结订单总金额", "总交易额"),
        (",退款总金额", ",总退款金额"),
    ):
        text = text.replace(new, old, 1)
    assert totals("wechat-trade", text.encode()) == ("", {"CNY": TOTAL})


@pytest.mark.parametrize("version", range(2, 9))
def test_camt_versions(version: int) -> None:
    sample = settlement.camt053(version)
    assert totals("camt053", sample.content) == ("", sample.totals)
    row = FORMATS["camt053"].parse(sample.content).rows[0]
    assert (row.reference, row.raw["party"], row.raw["text"]) == (
        "E0 STRIPE po_1",
        "Payer & Co",
        "STRIPE po_1",
    )


def test_camt_is_no_other_message() -> None:
    content = SAMPLES["camt053"].content.replace(b"camt.053", b"camt.052")
    assert totals("camt053", content)[0] == "This is no CAMT.053 message."


@pytest.mark.parametrize("name", ["camt053", "ofx"])
@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE a [<!ENTITY x "1"><!ENTITY y "&x;&x;">]>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        b"<!DOCTYPE a>",
    ],
)
def test_document_types_are_refused(name: str, declaration: bytes) -> None:
    sample = settlement.ofx(is_xml=True) if name == "ofx" else SAMPLES[name]
    head, _end, rest = sample.content.partition(b"?>\n")
    content = head + b"?>\n" + declaration + rest
    assert totals(name, content)[0] == "The XML has a document type (DTD), which is not taken."


def test_bomb_is_refused() -> None:
    bomb = settlement.packed(b"a" * (201 * 1024 * 1024))
    assert totals("camt053", bomb)[0] == "The packed file is too big."


def test_ofx_as_xml() -> None:
    sample = settlement.ofx(is_xml=True)
    assert totals("ofx", sample.content) == ("", sample.totals)
    assert FORMATS["ofx"].parse(sample.content).accounts[0].closing == 10099
    comma = sample.content.replace(b"19.99", b"19,99")
    assert totals("ofx", comma) == ("", sample.totals)


def test_mt940_reversals_and_days_that_are_none() -> None:
    content = SAMPLES["mt940"].content.replace(b"2601310131DR10", b"2602300301RCR10")
    assert content != SAMPLES["mt940"].content
    assert totals("mt940", content) == ("", {"EUR": (TOTAL[0], 0, TOTAL[0])})


def test_mt940_page_that_is_missing() -> None:
    text = SAMPLES["mt940"].content.decode()
    changed = text.replace(":60M:C260130EUR94,99", ":60M:C260130EUR84,99")
    changed = changed.replace(":62F:C260131EUR208,44", ":62F:C260131EUR198,44")
    reason = totals("mt940", changed.encode())[0]
    assert reason == "Statement 00042/002 opens with 84.99, the page before closed with 94.99."


def test_header_may_be_written_otherwise() -> None:
    assert has_columns("net debit (nc)")(b'"Net  Debit (NC)";x\n')


REAL = {
    "adyen/settlement_detail_report_chargeback.csv": (3, "refused", None),
    "adyen/settlement_detail_report_donation.csv": (2, "proved", {"USD": (100, 24, 76)}),
    "alipay/merchant_trade_bill_2017.csv": (2, "refused", None),
    "amazon/settlement_flat_file_v2_sample.txt": (8, "refused", None),
    "camt/camt053.v2.multi.statement.xml": (2, "proved", {"EUR": (185, 0, 185)}),
    "camt/camt053.v2.minimal.xml": (0, "refused", None),
    "camt/camt053.v2.wrong.xml": (0, "refused", None),
    "mt940/cmxl_mt940.sta": (
        16,
        "proved",
        {"DEM": (8730, 0, 8730), "EUR": (220000, 0, 220000), "PLN": (1004000, 0, 1004000)},
    ),
    "mt940/jejik_ing.sta": (7, "refused", None),
    "mt940/self-provided_february_30.sta": (1, "proved", {"EUR": (-600, 0, -600)}),
    "ofx/bi_checking.ofx": (3, "none", {"USD": (-5950, 0, -5950)}),
    "ofx/test_ofx.ofx": (4, "none", {"USD": (-36000, 0, -36000)}),
    "ofx/test_ofx_wrong.ofx": (0, "refused", None),
    "paypal/stl_brl_refund.csv": (3, "refused", None),
    "shopify/payment_transactions_export.csv": (3, "proved", {"EUR": (3790, 155, 3635)}),
    "shopify/payouts_export.csv": (3, "refused", None),
    "stripe/payments_activity.csv": (2, "proved", {"USD": (0, 1620, -1620)}),
    "stripe/settlement_report.csv": (7, "proved", {"USD": (2735, 95, 2640)}),
    "wechat/trade_bill_all.csv": (1, "refused", None),
    "wechat/trade_bill_all_2021.csv": (3, "proved", {"CNY": (3, 0, 3)}),
}


@needs_data
@pytest.mark.parametrize("path", REAL)
def test_real_files(path: str) -> None:
    rows, control, expected = REAL[path]
    statement = read_file("detect", (DATA / path).read_bytes())[1]
    assert (statement.count, statement.control) == (rows, Control[control.upper()])
    if expected:
        assert {c: (t.gross, t.fee, t.net) for c, t in statement.totals.items()} == expected


def test_camt_in_an_envelope() -> None:
    plain = SAMPLES["camt053"].content.decode().partition("?>\n")[2]
    head = (
        "<AppHdr xmlns='urn:iso:std:iso:20022:tech:xsd:head.001.001.02'><BizSvc>x</BizSvc></AppHdr>"
    )
    whole = f"<BizMsgEnvlp xmlns='urn:any'>{head}{plain}</BizMsgEnvlp>".encode()
    assert totals("camt053", whole) == totals("camt053", SAMPLES["camt053"].content)
    assert read_file("detect", whole)[0] is FORMATS["camt053"]
    twice = f"<BizMsgEnvlp>{plain}{plain}</BizMsgEnvlp>".encode()
    assert totals("camt053", twice)[0] == "Statement S1 is there twice."


def test_shopify_writes_fees_with_either_sign() -> None:
    rows = "2026-05-01,charge,#1,paid,2026-05-01,P1,59,{},57.5,USD\n"
    head = (
        "Transaction Date,Type,Order,Payout Status,Payout Date,Payout ID,Amount,Fee,Net,Currency\n"
    )
    for fee in ("1.5", "-1.5"):
        content = (head + rows.format(fee)).encode()
        assert totals("shopify-transactions", content) == ("", {"USD": (5900, 150, 5750)})
    assert "net is" in totals("shopify-transactions", (head + rows.format("2.5")).encode())[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_rows_say_what_they_pay_to_the_bank(name: str) -> None:
    """Payouts move what the other rows come to, whichever sign the provider gives them."""
    rows = FORMATS[name].parse(SAMPLES[name].content).rows
    paid = sum(row.paid for row in rows)
    if FORMATS[name].is_bank:
        assert paid == 0
    else:
        assert all(row.category for row in rows)
    for row in rows:
        # What goes to the bank is taken off what lies at the provider.
        if row.kind == RowKind.PAYOUT and row.paid:
            assert row.net == -row.paid
    if name == "stripe-payout":
        assert paid == TOTAL[2]

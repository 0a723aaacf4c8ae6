"""Which cells of providers' and banks' rows are about people."""

import pytest

from finance.settlement_files.personal import split


@pytest.mark.parametrize(
    ("name", "is_personal"),
    [
        ("payer's account id", True),
        ("shipping address line1", True),
        ("对方账户", True),
        ("用户标识", True),
        ("商品名称", True),
        ("card_name", True),
        ("86", True),
        ("party", True),
        ("merchant account", False),
        ("company account", False),
        ("marketplace-name", False),
        ("门店名称", False),
        ("net credit (nc)", False),
        ("transaction event code", False),
        ("商户订单号", False),
    ],
)
def test_which_cells_are_about_people(name, is_personal):
    raw, about = split({name: "x"})
    assert (name in about, name in raw) == (is_personal, not is_personal)

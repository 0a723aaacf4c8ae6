"""Which cells of a row are about people: kept apart, so that an erasure leaves the money alone."""

import re
from collections.abc import Mapping

# Names of columns in which providers and banks tell who paid or was paid, in words.
PERSONAL = re.compile(
    r"name|e-?mail|phone|address|addr|payee|payer|party|memo|shopper|buyer|consumer|holder|iban"
    r"|description|remark|note|subject|custom[ _]field|customer[ _](id|name)"
    r"|card_(last4|fingerprint)|statement_descriptor"
    r"|metadata|zip|postal|city|street|^text$|^86$|^61$|account|acct"
    r"|对方|用户|姓名|手机|备注|商品|申请人|数据包|操作员",
    re.IGNORECASE,
)
# They look so and are about no person.
IMPERSONAL = re.compile(
    r"^(company|merchant|balance|sub)[ _-]*account|account code|marketplace-name"
    r"|payment_?method|payment method|card brand|amount-description|门店",
    re.IGNORECASE,
)


def split(raw: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return a row's other cells, and those about people."""
    about = {
        name: value
        for name, value in raw.items()
        if value and PERSONAL.search(name) and not IMPERSONAL.search(name)
    }
    return {name: value for name, value in raw.items() if name not in about}, about

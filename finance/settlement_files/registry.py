"""All formats by name; a new one is one module and a line here."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from finance.settlement_files import (
    adyen,
    alipay,
    amazon,
    camt,
    mt940,
    ofx,
    paypal,
    shopify,
    stripe,
    wechat,
)
from finance.settlement_files.base import Format, Statement, is_empty

FORMATS: dict[str, Format] = {
    format.name: format
    for module in (stripe, paypal, adyen, shopify, amazon, alipay, wechat, camt, mt940, ofx)
    for format in module.FORMATS
}
DETECT = "detect"


class UnknownFormatError(ValueError):
    """There is no format of this name."""


def formats_named(name: str) -> Sequence[Format]:
    """Return the formats that a name stands for: one, all of a system, or all."""
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-").replace(".", "")
    if wanted == DETECT:
        return list(FORMATS.values())
    found = [f for f in FORMATS.values() if f.name == wanted]
    found = found or [f for f in FORMATS.values() if f.name.startswith(f"{wanted}-")]
    if not found:
        raise UnknownFormatError(
            _("“%(name)s” is no format. There are %(formats)s.")
            % {"name": name, "formats": ", ".join(FORMATS)}
        )
    return found


def choose_format(name: str, content: bytes) -> Format | None:
    """Return the format that a name and the content mean; None where that is not one."""
    formats = formats_named(name)
    if len(formats) == 1:
        return formats[0]
    fitting = [format for format in formats if format.recognises(content)]
    return fitting[0] if len(fitting) == 1 else None


def read_file(name: str, content: bytes) -> tuple[Format | None, Statement]:
    """Read a file in the format named or found."""
    format = choose_format(name, content)
    if format:
        return format, format.parse(content)
    if is_empty(content):
        return None, Statement(reason=_("The file is empty."))
    return None, Statement(reason=_("The file is in none of the formats, or in several."))

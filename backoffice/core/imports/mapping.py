"""Which header of a file stands for which column: remembered, or guessed by its words."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from backoffice.core.imports.registry import Column, Importer
from backoffice.core.models import ImportMapping

# What files call these columns besides their names and labels.
ALSO = {
    "barcode": ("ean", "gtin", "upc", "条码", "条形码"),
    "channel": ("渠道", "店铺"),
    "code": ("编码", "代码", "编号"),
    "country": ("国家", "国家代码"),
    "currency": ("币种", "货币"),
    "email": ("mail", "e-mail address", "邮箱", "电子邮件", "邮件"),
    "name": ("名称", "品名", "姓名"),
    "order": ("order number", "订单号", "订单编号"),
    "phone": ("tel", "telephone", "mobile", "电话", "手机", "手机号"),
    "price": ("unit price", "cost", "单价", "价格"),
    "quantity": ("qty", "数量"),
    "sku": ("sku code", "item", "货号", "商品编码"),
    "supplier": ("vendor", "供应商"),
    "unit_price": ("price", "单价", "价格"),
    "warehouse": ("warehouse code", "仓库", "仓库代码"),
}


class MappingError(ValueError):
    """A mapping names a column twice, leaves out a needed one or names an unknown one."""


def plain(text: str) -> str:
    """Return a header as it is compared: without case, punctuation and what stands in brackets."""
    bare = re.sub(r"[(（\[].*?[)）\]]", " ", text)
    return " ".join(re.sub(r"[\W_]+", " ", bare).casefold().split())


def guess(item: Importer, headers: Sequence[str]) -> dict[str, str]:
    """Return the header of each column: as last chosen for such a file, or by what it is called."""
    known = ImportMapping.objects.filter(importer=item.name, headers=_digest(headers)).first()
    if known is not None:
        names = {column.name for column in item.columns}
        return {n: h for n, h in known.mapping.items() if n in names and h in headers}
    found: dict[str, str] = {}
    free = {plain(header): header for header in reversed(headers)}
    # All own names go first, so that no other column takes them by what it is also called.
    for words in (_names, _others):
        for column in item.columns:
            if column.name in found:
                continue
            header = next((free.pop(word) for word in words(column) if word in free), None)
            if header is not None:
                found[column.name] = header
    return found


def _names(column: Column) -> Iterator[str]:
    yield plain(column.name)
    for code, _label in settings.LANGUAGES:
        with override(code):
            yield plain(str(column.label))


def _others(column: Column) -> Iterator[str]:
    for word in (*ALSO.get(column.name, ()), f"{column.name} code", f"{column.name} name"):
        yield plain(word)


def checked(item: Importer, headers: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each column in the file; MappingError says what is wrong."""
    columns = {column.name: column for column in item.columns}
    missing = [str(c.label) for c in item.columns if c.is_required and c.name not in mapping]
    if missing:
        text = _("Choose which column of the file is: %(names)s.")
        raise MappingError(text % {"names": ", ".join(missing)})
    for name, header in mapping.items():
        if name not in columns or header not in headers:
            raise MappingError(_("The file has no column %(header)s.") % {"header": header})
    return {name: headers.index(header) for name, header in mapping.items()}


def remember(item: Importer, headers: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Keep a mapping for the next file with these headers."""
    ImportMapping.objects.update_or_create(
        importer=item.name, headers=_digest(headers), defaults={"mapping": dict(mapping)}
    )


def _digest(headers: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(map(plain, headers))).encode()).hexdigest()

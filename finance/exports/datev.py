"""DATEV: a batch of bookings (EXTF 700), each side against one technical account.

An entry may have many sides and DATEV's lines have two: each side is booked against an account
that comes to zero with every entry.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time

from finance.exports.base import Export, Month, told

TECHNICAL_ACCOUNT = "9999"
# The adviser and client numbers are asked for again when the file is read in.
ADVISER, CLIENT = "1001", "1"
COLUMNS = (
    "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;"
    "WKZ Basis-Umsatz;Konto;Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;"
    "Belegfeld 2;Skonto;Buchungstext"
)
END = "\r\n"


def _text(value: str, longest: int) -> str:
    return '"' + value[:longest].replace('"', '""') + '"'


def write(month: Month) -> Iterator[str]:
    """Yield the header, the columns and one line for each side."""
    made = datetime.combine(month.last, time(), UTC)
    head = [
        *('"EXTF"', "700", "21", '"Buchungsstapel"', "13", f"{made:%Y%m%d}000000000", "", '"RE"'),
        *('""', '""', ADVISER, CLIENT, f"{month.first:%Y}0101", "4", f"{month.first:%Y%m%d}"),
        *(f"{month.last:%Y%m%d}", f'"Backoffice {month.first:%Y-%m}"', '""', "1", "0", "0"),
        *('"EUR"', "", '""', "", "", '""', "", "", '""', '""'),
    ]
    yield ";".join(head) + END
    yield COLUMNS + END
    for line in month.lines:
        amount = f"{abs(line.amount):.2f}".replace(".", ",")
        side = "S" if line.amount > 0 else "H"
        yield (
            ";".join(
                [
                    *(amount, f'"{side}"', f'"{line.currency}"', "", "", '""', line.account),
                    *(TECHNICAL_ACCOUNT, '""', f"{line.day:%d%m}", _text(str(line.entry_id), 36)),
                    *('""', "", _text(told(line), 60)),
                ]
            )
            + END
        )


DATEV = Export("DATEV", "datev.csv", write, encoding="cp1252")

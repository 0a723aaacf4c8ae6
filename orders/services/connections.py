"""How connections are doing: noted by machines, beside the settings that staff make."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from backoffice.core.models import InboundMessage
from backoffice.core.sql import execute
from orders.services.channel_reading import CHANNEL_HEADER

HEARD = """
INSERT INTO orders_connectionstate (connection_id, heard_at, last_error)
SELECT k.id, h.at, h.error FROM unnest(%s::text[], %s::timestamptz[], %s::text[])
  AS h(code, at, error)
JOIN orders_saleschannel c ON c.code = h.code
JOIN orders_channelconnection k ON k.channel_id = c.id ORDER BY k.id
ON CONFLICT (connection_id) DO UPDATE SET
  heard_at = greatest(orders_connectionstate.heard_at, excluded.heard_at),
  last_error = CASE WHEN excluded.last_error <> '' THEN excluded.last_error
    ELSE orders_connectionstate.last_error END
"""


def note_heard(messages: Iterable[InboundMessage], refused: Mapping[int, str]) -> None:
    """Note when connections were heard of last, and what could not be read."""
    at: dict[str, datetime] = {}
    errors: dict[str, str] = {}
    for message in messages:
        code = message.headers.get(CHANNEL_HEADER, "")
        at[code] = max(message.received_at, at.get(code, message.received_at))
        if message.pk in refused:
            errors[code] = refused[message.pk][:300]
    execute(HEARD, [list(at), list(at.values()), [errors.get(code, "") for code in at]])

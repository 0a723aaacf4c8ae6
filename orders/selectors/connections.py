"""How connections are doing."""

from backoffice.core.models import InboundMessage
from backoffice.core.models.inbox import InboxStatus
from orders.models import ChannelConnection
from orders.services.channel_reading import CHANNEL_HEADER, source_of


def _messages(connection: ChannelConnection, status: str) -> int:
    found = InboundMessage.objects.filter(
        source=source_of(connection.adapter),
        status=status,
        headers__contains={CHANNEL_HEADER: connection.channel.code},
    )
    # A number that says enough; no count over everything.
    return len(found.values_list("pk", flat=True)[:1000])


def backlog(connection: ChannelConnection) -> int:
    """Return how many messages wait to be worked off, up to a thousand."""
    return _messages(connection, InboxStatus.NEW)


def refused_messages(connection: ChannelConnection) -> int:
    """Return how many messages could not be read, up to a thousand."""
    return _messages(connection, InboxStatus.REFUSED)

"""Tells channels: claim, call outside of any transaction, record."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import httpx

from backoffice.core.calls import CallError, PermanentError, RateLimitedError, RefusedError
from orders.channels.adapter import Access, Adapter, Refunded, Shipped
from orders.channels.registry import ADAPTERS
from orders.choices import NewsKind
from orders.models import ChannelNews
from orders.services.channel_news import Told, claim_news, record_news
from orders.services.channel_polling import access_of, close_round
from orders.services.channel_stock import open_stock_round, record_stock

Clock = Callable[[], datetime]


def tell_news(*, clock: Clock, limit: int = 50) -> int:
    """Tell channels what is due; return how many of it they have."""
    claimed = claim_news(now=clock(), limit=limit)
    told: list[Told] = []
    resting: set[int] = set()
    with httpx.Client() as http:
        for news in claimed:
            if news.connection_id in resting:
                told.append(Told(news.pk, error="the channel rests", wait=60))
                continue
            one = _tell(http, news)
            told.append(one)
            if one.wait:
                resting.add(news.connection_id)
                close_round(news.connection_id, now=clock(), error=one.error, rest=one.wait)
    record_news(told, now=clock())
    return sum(not one.error for one in told)


def _tell(http: httpx.Client, news: ChannelNews) -> Told:
    adapter, access = ADAPTERS[news.connection.adapter], access_of(news.connection)
    try:
        return Told(news.pk, _call(adapter, http, access, news))
    except RateLimitedError as error:
        return Told(news.pk, error=str(error), wait=error.retry_after)
    except (PermanentError, RefusedError) as error:
        return Told(news.pk, error=str(error), is_final=True)
    except CallError as error:
        return Told(news.pk, error=str(error))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Told(news.pk, error=f"unreadable answer: {error!r}")


def _call(adapter: Adapter, http: httpx.Client, access: Access, news: ChannelNews) -> str:
    order, data = news.order.external_id, news.data
    if news.kind == NewsKind.CANCELLED:
        return adapter.tell_cancelled(http, access, order, news.key)
    if news.kind == NewsKind.REFUNDED:
        refund = Refunded(news.key, Decimal(data["amount"]))
        return adapter.tell_refunded(http, access, order, refund)
    shipped = Shipped(
        order,
        news.key,
        data["carrier"],
        data["tracking_number"],
        data["tracking_url"],
        data["units"],
        data["is_last"],
    )
    return adapter.tell_shipped(http, access, shipped)


def tell_stock(connection_id: int, *, clock: Clock) -> int:
    """Tell one channel the stock levels that it does not know; return how many it took."""
    leave = open_stock_round(connection_id, now=clock())
    if leave is None:
        return 0
    adapter, listings = ADAPTERS[leave.adapter], list(leave.levels)
    taken = 0
    try:
        with httpx.Client() as http:
            for start in range(0, len(listings), adapter.stock_batch):
                part = {
                    pk: leave.levels[pk] for pk in listings[start : start + adapter.stock_batch]
                }
                refused = adapter.tell_stock(http, leave.access, list(part.values()))
                record_stock(part, refused, now=clock())
                taken += len(part) - len(refused)
    except CallError as error:
        rest = error.retry_after if isinstance(error, RateLimitedError) else 0
        is_final = isinstance(error, (PermanentError, RefusedError))
        close_round(connection_id, now=clock(), error=str(error), rest=rest, is_final=is_final)
    else:
        close_round(connection_id, now=clock())
    return taken

"""A small SMTP server that keeps what it is sent, so that nothing leaves the machine.

It speaks enough of RFC 5321 for Django's mail backend, and shows what it holds over HTTP.
"""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

KEPT = 1_000
LARGEST = 25_000_000
LINE = 64_000


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it was sent."""

    number: int
    sender: str
    recipients: list[str]
    received_at: str
    raw: bytes

    def summary(self) -> dict[str, Any]:
        """Return what a reader wants to know of it."""
        message = message_from_bytes(self.raw, policy=default)
        body = message.get_body(("plain", "html"))
        return {
            "number": self.number,
            "from": self.sender,
            "to": self.recipients,
            "received_at": self.received_at,
            "message_id": str(message.get("Message-ID", "")),
            "subject": str(message.get("Subject", "")),
            "text": str(body.get_content()).replace("\r\n", "\n") if body is not None else "",
        }


@dataclass(slots=True)
class Mailbox:
    """The last thousand messages, in memory and as files where a folder is given."""

    folder: Path | None = None
    messages: deque[Mail] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> Mail:
        """Keep one message; the oldest makes room."""
        self.count += 1
        mail = Mail(self.count, sender, recipients, datetime.now(UTC).isoformat(), raw)
        self.messages.append(mail)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{self.count % KEPT:04d}.eml").write_bytes(raw)
        return mail


def _path(text: str) -> str:
    """Return the address between the angle brackets of MAIL FROM or RCPT TO."""
    return text.partition("<")[2].partition(">")[0]


class Session:
    """One SMTP conversation."""

    def __init__(
        self, box: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.box, self.reader, self.writer = box, reader, writer
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self) -> None:
        """Answer commands until QUIT or the end of the connection."""
        await self.say("220 sandbox ESMTP")
        while line := await self.reader.readline():
            command = line.decode(errors="replace").strip()
            if not await self._answer(command, command[:4].upper()):
                return

    async def _answer(self, command: str, verb: str) -> bool:
        if verb in ("EHLO", "HELO"):
            await self.say(f"250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {LARGEST}")
        elif verb == "MAIL":
            self.sender, self.recipients = _path(command), []
            await self.say("250 OK")
        elif verb == "RCPT" and self.sender is not None:
            self.recipients.append(_path(command))
            await self.say("250 OK")
        elif verb == "DATA" and self.recipients:
            await self.say("354 End with a dot on a line of its own")
            await self._data()
        elif verb in ("RSET", "NOOP"):
            self.recipients = []
            await self.say("250 OK")
        elif verb == "QUIT":
            await self.say("221 Bye")
            return False
        else:
            await self.say("503 Bad sequence of commands")
        return True

    async def _data(self) -> None:
        lines: list[bytes] = []
        size = 0
        while (line := await self.reader.readline()) not in (b".\r\n", b""):
            size += len(line)
            if size <= LARGEST:
                # A leading dot was doubled by the sender (RFC 5321, 4.5.2).
                lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            return
        if size > LARGEST:
            await self.say("552 Too much mail data")
            return
        mail = self.box.keep(self.sender or "", self.recipients, b"".join(lines))
        self.sender, self.recipients = None, []
        await self.say(f"250 Kept as {mail.number}")


async def start_smtp(box: Mailbox, host: str, port: int) -> asyncio.Server:
    """Start the SMTP server."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Session(box, reader, writer).run()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(serve, host, port, limit=LINE)


async def start_window(box: Mailbox, host: str, port: int) -> asyncio.Server:
    """Start the HTTP window: `GET /messages` answers what is kept, the newest first."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readline()).decode(errors="replace").split(" ")
            while (await reader.readline()).strip():
                pass
            found = request[:1] == ["GET"] and request[1:2] == ["/messages"]
            data: Any = [m.summary() for m in reversed(box.messages)] if found else {"detail": "?"}
            body = json.dumps(data).encode()
            status = "200 OK" if found else "404 Not Found"
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(serve, host, port)

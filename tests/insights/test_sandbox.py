import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("transactional_db")


def free_ports() -> int:
    """Return the first of four free ports in a row."""
    for first in range(18900, 19900, 4):
        sockets = []
        try:
            for port in range(first, first + 4):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in sockets:
                probe.close()
    raise AssertionError("no free ports")


@pytest.fixture
def sandbox(tmp_path):
    port = free_ports()
    command = [sys.executable, "manage.py", "sandbox", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--folder", str(tmp_path)], cwd=ROOT, env=dict(os.environ)
    )
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port + 3}/messages", timeout=1)
                break
            except httpx.HTTPError:
                assert process.poll() is None
                time.sleep(0.1)
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()


def test_the_outside_world_runs_on_loopback(sandbox, tmp_path):
    key = {"Authorization": "Bearer sandbox"}
    order = {"key": "PA-1", "service": "STANDARD", "to": {"country": "DE"}}
    url = f"http://127.0.0.1:{sandbox}"
    label = httpx.post(f"{url}/labels", json=order, headers=key).json()
    again = httpx.post(f"{url}/labels", json=order, headers=key).json()
    assert label == again
    found = httpx.get(f"{url}/track?numbers={label['tracking_number']},NO", headers=key).json()
    assert [p["found"] for p in found["parcels"]] == [True, False]
    assert httpx.get(f"{url}/track?numbers=NO").status_code == 401

    message = EmailMessage()
    message["From"], message["To"] = "shop@example.com", "ada@example.com"
    message["Subject"] = "Grüße: 退款"
    message.set_content("Hello\n.\n..two dots\n")
    with smtplib.SMTP("127.0.0.1", sandbox + 2, timeout=5) as smtp:
        smtp.send_message(message)
        smtp.send_message(message, to_addrs=["a@example.com", "b@example.com"])
    mails = httpx.get(f"http://127.0.0.1:{sandbox + 3}/messages").json()
    assert [m["to"] for m in mails] == [["a@example.com", "b@example.com"], ["ada@example.com"]]
    assert mails[0]["subject"] == "Grüße: 退款"
    assert mails[0]["text"] == "Hello\n.\n..two dots\n"
    assert len(list((tmp_path / "mail").iterdir())) == 2
    deadline = time.time() + 30
    while not (tmp_path / "carrier.json").exists() and time.time() < deadline:
        time.sleep(0.1)
    assert "PA-1" in (tmp_path / "carrier.json").read_text()

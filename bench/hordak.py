"""Settlement against django-hordak: `hordak_ratio` = its CPU seconds a transaction ÷ ours an order.

Both write five sides, in turns, on the same server; django-hordak lives in an environment of its
own, made from `requirements/rivals.lock`.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median

from psycopg import sql

from bench.settlement import by_service, delivered_orders, prepare
from tests import support_db

PAIRS, TRANSACTIONS = 5, 2_000
DATABASE = "bench_hordak"
LOCK = support_db.ROOT / "requirements" / "rivals.lock"
PLACE = support_db.ROOT / ".dev" / "rivals"


def environment() -> Path:
    """Return the Python of the peer's environment, made where the lock has changed."""
    python, stamp = PLACE / "bin" / "python", PLACE / LOCK.name
    if not stamp.exists() or stamp.read_text() != LOCK.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", LOCK], check=True)
        stamp.write_text(LOCK.read_text())
    return python


def by_hordak(python: Path) -> float:
    """Return the CPU seconds of one transaction of five legs, in an empty database."""
    with support_db.connect_superuser() as admin:
        support_db.drop_database(admin, DATABASE)
        support_db.run(admin, "CREATE DATABASE {}", sql.Identifier(DATABASE))
        try:
            script = Path(__file__).with_name("peer.py")
            command = [python, "-P", script, admin.info.host, str(admin.info.port), admin.info.user]
            command += [DATABASE, str(TRANSACTIONS)]
            return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        finally:
            support_db.drop_database(admin, DATABASE)


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratio."""
    python, sellers = environment(), prepare()
    by_service(delivered_orders("kw", sellers))
    ratios = []
    for n in range(PAIRS):
        ids = delivered_orders(f"k{n}", sellers)
        ours = by_service(ids) / len(ids)
        ratios.append(by_hordak(python) / ours)
    return {"hordak_ratio": round(median(ratios), 1)}

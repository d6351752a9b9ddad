"""What is true of each data version, read beside the application in plain SQL and plain Python."""

import threading
from collections import Counter

import psycopg2

ASKED = """
select (select version from data_version), account, severity, count(*)
from cases where gone_at is null and closed_date is null group by account, severity
"""


class Oracle:
    """Records, several times a second, how many cases are open by account at each version."""

    def __init__(self, address: str) -> None:
        self.known: dict[int, dict[str, int]] = {}
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Record no more."""
        self._ended.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._ended.wait(0.15):
            try:
                connection = psycopg2.connect(self._address, connect_timeout=2)
            except psycopg2.Error:
                continue
            try:
                with connection, connection.cursor() as cursor:
                    cursor.execute(ASKED)
                    rows = cursor.fetchall()
            except psycopg2.Error:
                continue
            finally:
                connection.close()
            if rows:
                open_now: Counter[str] = Counter()
                for _, account, _, number in rows:
                    open_now[account or ""] += number
                self.known[rows[0][0]] = dict(open_now)

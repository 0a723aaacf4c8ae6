"""How fast and whether an account may be called: token bucket and circuit breaker, pure."""

from dataclasses import dataclass

WINDOW = 50
FEWEST_CALLS = 10
TIMEOUTS_IN_A_ROW = 5
SHORTEST_PAUSE = 60
LONGEST_PAUSE = 900
LOWEST_FACTOR = 0.05
RECOVERY_PER_MINUTE = 0.05


@dataclass(slots=True)
class Bucket:
    """Tokens at `rate` a second up to `burst`; `quota` counts down the calls of the day."""

    rate: float
    burst: float
    tokens: float
    at: float
    quota: int | None = None

    def wait(self, now: float) -> float | None:
        """Take a token: return the seconds to wait for it, or None where the quota is spent."""
        if self.quota is not None and self.quota <= 0:
            return None
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = max(self.at, now)
        self.tokens -= 1
        if self.quota is not None:
            self.quota -= 1
        return max(0.0, -self.tokens / self.rate)


@dataclass(slots=True)
class Breaker:
    """Remembers the last fifty calls; `is_open` says that calling has to stop."""

    window: str = ""
    timeouts: int = 0
    is_trial: bool = False
    is_open: bool = False

    def success(self) -> None:
        """Note a call that was answered."""
        if self.is_trial:
            self.window = ""
        self.is_trial = False
        self.timeouts = 0
        self.window = (self.window + "0")[-WINDOW:]

    def failure(self, *, is_timeout: bool = False) -> None:
        """Note a call that failed; open where half of the window or five in a row did."""
        self.timeouts = self.timeouts + 1 if is_timeout else 0
        self.window = (self.window + "1")[-WINDOW:]
        bad = self.window.count("1")
        many = len(self.window) >= FEWEST_CALLS and bad * 2 >= len(self.window)
        if self.is_trial or many or self.timeouts >= TIMEOUTS_IN_A_ROW:
            self.is_open = True

    def trip(self) -> None:
        """Open at once."""
        self.is_open = True


def next_pause(previous_seconds: int) -> int:
    """Return how long an opened breaker rests: a minute, doubled up to a quarter of an hour."""
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, previous_seconds * 2))


def next_factor(factor: float, *, was_limited: bool, minutes: float) -> float:
    """Return the share of the rate to use: halved after a 429, else five points more a minute."""
    if was_limited:
        return max(LOWEST_FACTOR, factor / 2)
    return min(1.0, factor + RECOVERY_PER_MINUTE * minutes)

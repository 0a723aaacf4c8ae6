"""A progress bar for a terminal, a line now and then for a file."""

import sys
import time


class Progress:
    """Count towards a total and show it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.began = self.shown = time.monotonic()

    def __call__(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        every = 0.2 if sys.stderr.isatty() else 10
        if now - self.shown >= every or self.done >= self.total:
            self.shown = now
            share = self.done / max(self.total, 1)
            left = (now - self.began) / max(self.done, 1) * (self.total - self.done)
            bar = "█" * int(30 * share) + "░" * (30 - int(30 * share))
            end = "" if sys.stderr.isatty() else "\n"
            text = f"{bar} {share:>4.0%} {self.done:,}/{self.total:,} {left:>4.0f} s left"
            sys.stderr.write(f"\r{text}{end}")
            sys.stderr.flush()

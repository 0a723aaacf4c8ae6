"""Who gets in and how: addresses, sessions, second factor, lock-out, roles, page policy."""

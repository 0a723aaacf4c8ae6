"""Webhooks out: the event log, told to other systems (Standard Webhooks)."""

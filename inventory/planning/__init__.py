"""Replenishment as pure arithmetic: arrays in, arrays out, no database and no Django."""

from inventory.planning.hybrid import HybridPlanner, Plan

__all__ = ["HybridPlanner", "Plan"]

"""Which warehouse each line of many orders leaves from: pure numpy, no Django."""

from orders.routing.problem import WAITS, Problem, cost_of
from orders.routing.solver import Solution, route, solve

__all__ = ["WAITS", "Problem", "Solution", "cost_of", "route", "solve"]

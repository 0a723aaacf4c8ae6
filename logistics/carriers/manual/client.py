"""A carrier without an interface: numbers and scans are entered by hand or imported."""

from logistics.carriers.adapter import Adapter

ADAPTER = Adapter()

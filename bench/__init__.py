"""How fast points are written and read here; `make bench` runs it."""

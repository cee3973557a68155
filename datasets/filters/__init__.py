"""What may be asked for in a query, checked."""

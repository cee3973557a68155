"""dlt, which loads the same rows with its PostgreSQL destination, in its own environment."""

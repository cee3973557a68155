"""xclim, which computes the same indices of the same series, in its own environment."""

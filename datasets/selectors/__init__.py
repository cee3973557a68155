"""Reads of datasets: lists, pages of points, series as arrays."""

"""Reports of analyses: words, pictures and numbers, as a page and as PDF."""

"""Settings of analyses: how long one may take, with how much memory, and how many of a user run."""

from datastream import env

ANALYSIS_MAX_S = env.integer("ANALYSIS_MAX_S", 600, least=1)
# Resident; a process that has loaded its libraries holds more than a hundred.
ANALYSIS_MAX_MB = env.integer("ANALYSIS_MAX_MB", 2048, least=256)
# More of them wait for their turn.
ANALYSES_PER_USER_AT_ONCE = env.integer("ANALYSES_PER_USER_AT_ONCE", 2, least=1)

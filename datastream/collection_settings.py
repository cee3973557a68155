"""Settings of collection: where providers are asked, and how long their answers are kept."""

from datastream import env

# A provider's own address where empty: a mirror, or a fake one.
NOAA_BASE_URL = env.mirror("NOAA_BASE_URL")
NASA_POWER_BASE_URL = env.mirror("NASA_POWER_BASE_URL")
NASA_CMR_BASE_URL = env.mirror("NASA_CMR_BASE_URL")
GLOBE_BASE_URL = env.mirror("GLOBE_BASE_URL")
GEOMET_BASE_URL = env.mirror("GEOMET_BASE_URL")
CLIMATEDATA_CA_BASE_URL = env.mirror("CLIMATEDATA_CA_BASE_URL")
# In the User-Agent, for providers that want to speak to whoever asks them.
CONTACT = env.text("CONTACT", "https://github.com/datastream-pro/datastream-pro")
# What may be asked although it is not public; the addresses above as well only if they are in it.
OUTBOUND_NETWORKS = env.networks("OUTBOUND_NETWORKS")
# Below these folders feeds of the connector `file` may read; without any they ask addresses only.
FILE_FEED_FOLDERS = env.words("FILE_FEED_FOLDERS")
# Into all datasets that one user owns.
FEEDS_PER_USER = env.integer("FEEDS_PER_USER", 50, least=1)
# Of one answer, unpacked; a run holds up to two answers in memory for each request under way.
PROVIDER_ANSWER_MAX_MB = env.integer("PROVIDER_ANSWER_MAX_MB", 64, least=1)
# Of one request with its tries and the waits between them.
PROVIDER_ANSWER_MAX_S = env.integer("PROVIDER_ANSWER_MAX_S", 120, least=1)
# Of one run, when pages never end.
RUN_MAX_PAGES = env.integer("RUN_MAX_PAGES", 10_000, least=1)
DOCUMENTS_KEEP_DAYS = env.integer("DOCUMENTS_KEEP_DAYS", 365, least=1)
DOCUMENTS_MAX_MB = env.integer("DOCUMENTS_MAX_MB", 20_000, least=1)

COLLECTION_TASKS = {
    "connectors.sweep": 10.0,
    "connectors.start_due": 10.0,
    "connectors.move_documents": 10.0,
    "connectors.tidy_documents": 3600.0,
}

"""Names, rights and settings of the embedded database; base.py beside it is its Django backend."""

OWNER = "datastream_owner"
APPLICATION = "datastream_app"
DATABASE = "datastream"
PORT = 5432

# Errors are logged without statements and details: those hold what users sent.
SETTINGS = """\
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_folder}'
max_connections = 300
shared_buffers = 512MB
effective_cache_size = 4GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
fsync = on
synchronous_commit = on
client_connection_check_interval = 10s
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
log_checkpoints = off
log_min_error_statement = panic
log_error_verbosity = terse
"""

_BY_DEFAULT = f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT"
# One statement a line, run in template1: databases made later, those of tests too, inherit the
# default privileges. The application's role has neither DDL nor TRUNCATE.
FIRST_STATEMENTS = f"""\
CREATE ROLE {APPLICATION} LOGIN
CREATE ROLE {OWNER} LOGIN CREATEDB IN ROLE {APPLICATION}
{_BY_DEFAULT} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION}
{_BY_DEFAULT} USAGE, SELECT ON SEQUENCES TO {APPLICATION}
CREATE DATABASE {DATABASE} OWNER {OWNER}
"""

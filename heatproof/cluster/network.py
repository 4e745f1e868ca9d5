"""Where Ray listens, and what it tells whom: variables for processes that are to import Ray."""

LOCAL = "127.0.0.1"
# Ray takes 127.0.0.1 for the machine's address on the network, except where it is told, in the
# words that it has for Windows and macOS, that there is no cluster beyond this machine.
ONLY_HERE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
# Figures of usage are sent to Ray's makers otherwise.
REPORTING_NOTHING = {"RAY_USAGE_STATS_ENABLED": "0"}
# How long a node waits for its own beginning: 30 s are not enough for a machine with much to do.
PATIENT = {
    "RAY_raylet_start_wait_time_s": "180",
    "RAY_gcs_server_request_timeout_seconds": "180",
}

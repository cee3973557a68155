"""Real processes killed under load, with a ledger of what they had acknowledged."""

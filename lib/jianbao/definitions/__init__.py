"""Definitions: what the campaign, its units, ledgers and indicators are. Imports errors only."""

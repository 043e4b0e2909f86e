"""Workbooks out, workbooks in, returned copies back. Imports workspace, store, definitions, errors."""

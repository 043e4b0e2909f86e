"""Numbers: from rows to readings and what follows from them. Imports workspace, store, definitions; no Jupyter."""

"""Publishing: issues made from notebooks, sealed, in every format. Imports brief, workspace, store; never numbers."""

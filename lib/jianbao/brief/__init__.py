"""The brief: what a notebook says, each number bound to its reading. Imports numbers, workspace, definitions."""

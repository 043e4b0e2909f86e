"""One document, four writers: html, pdf, docx, xlsx. Imports brief.

Each has `write(document, *, face) -> bytes`; the same document gives the same bytes.
"""

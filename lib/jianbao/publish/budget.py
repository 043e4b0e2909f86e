"""What an issue may take of its reader's time: pages and charts. Imports brief.parts, definitions, errors."""

from __future__ import annotations

from jianbao.brief.parts import Chart, Document
from jianbao.definitions.campaign import Product
from jianbao.errors import PublishError
from jianbao.publish.export.pdf import pages_of


def check(document: Document, pdf: bytes | None, product: Product, issue: str) -> None:
    """Raises PublishError when the issued copy is longer or has more charts than params/briefs.yml allows."""
    charts = sum(isinstance(part, Chart) for part in document.face("issued").parts)
    if product.max_charts is not None and charts > product.max_charts:
        raise PublishError(f"{issue}: {charts} charts in the issued copy, and {product.max_charts} are allowed. Show the others "
                           'with face="working", or raise max_charts in params/briefs.yml.')
    if pdf is None or product.max_pages is None:
        return
    if (pages := pages_of(pdf)) > product.max_pages:
        raise PublishError(f"{issue}: {pages} pages, and {product.max_pages} are allowed. Say less in {product.notebook}, or raise "
                           "max_pages in params/briefs.yml.")


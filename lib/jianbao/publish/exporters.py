"""nbconvert exporters `jianbao_html`, `_pdf`, `_docx`, `_xlsx`. Imports publish.document; writers only when used.

nbconvert loads every exporter at start, and one that fails to load stops all of them; so nothing heavy up here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, cast

from nbconvert.exporters.exporter import Exporter
from traitlets import Enum, default

from jianbao.brief.parts import Face


class _Writer(Exporter):
    """One executed notebook as one document; its code is never shown."""

    face = Enum(["issued", "working"], default_value="issued",
                help="issued: clean copy. working: 校核底稿 with a source note for every figure.").tag(config=True)
    writer: ClassVar[str]

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        """(the file's bytes, or text for HTML, resources)."""
        from jianbao.publish.document import from_notebook

        nb, resources = super().from_notebook_node(nb, resources, **kw)
        document = from_notebook(nb, title=resources.get("metadata", {}).get("name", ""))
        write = import_module(f"jianbao.publish.export.{self.writer}").write
        return self._finished(write(document, face=cast(Face, self.face))), resources

    def _finished(self, data: bytes) -> Any:
        return data


class HtmlExporter(_Writer):
    """One HTML file that asks for nothing else."""

    export_from_notebook = "简报 HTML"
    output_mimetype = "text/html"
    writer = "html"

    @default("file_extension")
    def _extension(self) -> str:
        return ".html"

    def _finished(self, data: bytes) -> str:
        return data.decode()


class PdfExporter(_Writer):
    """PDF by Typst, with the packaged fonts alone."""

    export_from_notebook = "简报 PDF"
    output_mimetype = "application/pdf"
    writer = "pdf"

    @default("file_extension")
    def _extension(self) -> str:
        return ".pdf"


class DocxExporter(_Writer):
    """A Word document with native styles, to be edited."""

    export_from_notebook = "简报 Word"
    output_mimetype = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    writer = "docx"

    @default("file_extension")
    def _extension(self) -> str:
        return ".docx"


class XlsxExporter(_Writer):
    """The annex: figures, source rows and tables."""

    export_from_notebook = "简报 Excel"
    output_mimetype = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    writer = "xlsx"

    @default("file_extension")
    def _extension(self) -> str:
        return ".xlsx"

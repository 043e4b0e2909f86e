"""An executed notebook read as a document."""

import base64

import nbformat
import pytest
from nbformat import v4

from jianbao.brief.parts import MIME, Chart, Document, Head, Heading, Prose, Run, Table, to_json
from jianbao.errors import PublishError
from jianbao.publish.document import from_notebook
from sample_document import HEAD, chart, document, hostile

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nmore").decode()


def shown(data: dict, **metadata: object) -> nbformat.NotebookNode:
    return v4.new_code_cell("x", outputs=[v4.new_output("display_data", data)], metadata=metadata)


def notebook(*cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    # Through the file format, as a real notebook comes.
    return nbformat.reads(nbformat.writes(v4.new_notebook(cells=list(cells))), as_version=4)


def read(*cells: nbformat.NotebookNode) -> list:
    """The parts after the head."""
    return list(from_notebook(notebook(*cells)).parts[1:])


def as_notebook(made: Document) -> nbformat.NotebookNode:
    """Each part as the library shows it: JSON, and a chart's pictures beside it."""
    cells = []
    for part in made.parts:
        data = {MIME: to_json(part), "text/plain": "part"}
        if isinstance(part, Chart):
            data |= {"image/svg+xml": part.svg, "image/png": base64.b64encode(part.png).decode()}
        cells.append(shown(data))
    return notebook(*cells)


@pytest.mark.parametrize("made", [document(), hostile()])
def test_what_was_shown_is_what_is_read(made: Document) -> None:
    assert from_notebook(as_notebook(made)) == made


def test_a_chart_gets_its_pictures_back_from_their_own_outputs() -> None:
    (read_back,) = read(shown({MIME: to_json(chart()), "image/svg+xml": chart().svg, "image/png": PNG}))
    assert read_back.svg == chart().svg
    assert read_back.png.startswith(b"\x89PNG")


def test_markdown_headings_prose_and_tables() -> None:
    heading, sub, prose, item, table = read(v4.new_markdown_cell(
        "## 进展\n\n### 启动\n\n已有**235个**单位\n启动。\n\n1. 第一\n\n| 单位 | 数 |\n|---|--:|\n| 甲县 | 12 |\n"))
    assert (heading, sub) == (Heading("进展", 1), Heading("启动", 2))
    assert prose == Prose((Run("已有"), Run("235个", strong=True), Run("单位启动。")))
    assert item.text == "1. 第一"
    assert [(c.title, c.align) for c in table.columns] == [("单位", "left"), ("数", "right")]
    assert table.rows == ((Run("甲县"), Run("12")),)


def test_a_leading_hash_is_the_title_only_without_a_head() -> None:
    title = v4.new_markdown_cell("# 周报\n\n正文。")
    assert from_notebook(notebook(title)).head.title == "周报"
    with_head = from_notebook(notebook(title, shown({MIME: to_json(HEAD)})))
    assert with_head.head == HEAD
    assert [type(part) for part in with_head.parts] == [Prose, Head]
    assert from_notebook(notebook(), title="report").head.title == "report"


def test_a_later_hash_is_a_heading() -> None:
    assert read(v4.new_markdown_cell("# 题\n\n正文。\n\n# 节"))[1] == Heading("节", 1)


def test_a_data_frame_is_a_table_without_its_default_index() -> None:
    import pandas as pd

    frame = pd.DataFrame({"单位": ["甲县", "乙县"], "数": [12, 7]})
    (table,) = read(shown({"text/html": frame._repr_html_(), "text/plain": repr(frame)}))
    assert isinstance(table, Table)
    assert [(c.title, c.align) for c in table.columns] == [("单位", "left"), ("数", "right")]
    assert table.rows == ((Run("甲县"), Run("12")), (Run("乙县"), Run("7")))


def test_a_named_index_and_two_header_rows_stay() -> None:
    import pandas as pd

    frame = pd.DataFrame([[1, 2]], index=pd.Index(["甲县"], name="单位"),
                         columns=pd.MultiIndex.from_tuples([("启动", "应"), ("启动", "已")]))
    (table,) = read(shown({"text/html": frame._repr_html_()}))
    assert [c.title for c in table.columns] == ["单位", "启动·应", "启动·已"]
    assert table.rows == ((Run("甲县"), Run("1"), Run("2")),)


def test_a_plain_picture_is_a_chart_that_admits_it_has_no_description() -> None:
    (picture,) = read(shown({"image/png": PNG, "text/plain": "<Figure size 640x480 with 1 Axes>"}))
    assert (picture.title, picture.alt) == ("", "图，作者未附文字说明")
    assert picture.png == base64.b64decode(PNG)


def test_a_picture_attached_to_markdown_keeps_its_description() -> None:
    cell = v4.new_markdown_cell("![流程图](attachment:a.png)", attachments={"a.png": {"image/png": PNG}})
    assert [part.alt for part in read(cell)] == ["流程图"]
    assert read(v4.new_markdown_cell("![x](http://example.invalid/a.png)")) == []


def test_printed_text_is_prose_and_errors_are_left_out() -> None:
    cell = v4.new_code_cell("secret_code()", outputs=[
        v4.new_output("stream", name="stdout", text="第一行\n\n第二行\n"),
        v4.new_output("stream", name="stderr", text="警告"),
        v4.new_output("error", ename="E", evalue="v", traceback=["t"]),
        v4.new_output("execute_result", {"text/plain": "'结果'"}),
        v4.new_output("execute_result", {"text/plain": "[<matplotlib.lines.Line2D at 0x7f01>]"}),
        v4.new_output("execute_result", {"text/plain": "<Axes: xlabel='x'>"}),
    ])
    assert [part.text for part in read(cell)] == ["第一行", "第二行", "'结果'"]


@pytest.mark.parametrize("tag", ["remove-cell", "parameters", "injected-parameters", "remove-output"])
def test_tagged_cells_are_left_out(tag: str) -> None:
    assert read(shown({"text/plain": "看不见"}, tags=[tag])) == []


def test_html_gives_words_never_scripts() -> None:
    (prose,) = read(shown({"text/html": "<p>一句话&lt;b&gt;</p><script>alert(1)</script><style>p{}</style>"}))
    assert prose.text == "一句话<b>"


def test_an_unreadable_part_names_its_cell() -> None:
    with pytest.raises(PublishError, match=r"cell 2: .*'poem'.*Run the notebook again"):
        read(v4.new_markdown_cell("正文"), shown({MIME: {"kind": "poem"}}))

"""Taking stock in (盘点入库): an uploaded file becomes one verdict per row. No Django here.

`reading` turns a hostile file into rows inside a child process, `intake` runs that child,
`columns` guesses which column is what, `cells` reads single values, `verdicts` judges a row,
`sheets` writes the template and the file of rows to be mended.
"""

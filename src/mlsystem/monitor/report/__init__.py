"""The drift report: what a check found, as one HTML page for people who are no statisticians.

Nothing in here does I/O; `report_files` reads what a check left and writes the page. `element` is the only way to HTML
and escapes everything, `words` has the sentences, `charts` and `timeline` draw, `sections` and `page` put it together.
"""

"""A dashboard of CloudWatch, read and filled with data.

`body` fetches it, `variables` gives it names, `widgets` says what it shows, `filled` asks for the values.
"""

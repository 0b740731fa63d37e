"""A dashboard of CloudWatch, read and filled with data: `widgets` says what it shows, `filled` asks for the values."""

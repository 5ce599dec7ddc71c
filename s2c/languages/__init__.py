"""The languages. Each is one folder here; a fourth is one folder more and no edit elsewhere."""

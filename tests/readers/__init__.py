"""Independent readers of each language, which share no code with the parsers that they are held against."""

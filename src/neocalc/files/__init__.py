"""Files that are read and written: by pieces, as one, and never lost."""

"""What a user writes, read once: units, words, dates and gestations become numbers and codes."""

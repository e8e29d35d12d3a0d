"""Tables of visits: their columns, rows and children; scoring, follow-up and doses of all."""

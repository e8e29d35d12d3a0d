"""The outcome of a trial: from visits to the table in the paper."""

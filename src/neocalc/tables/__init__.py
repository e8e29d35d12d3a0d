"""Tables of a cohort: their columns, their files, and the frames of other libraries."""

"""Kinds of files beside CSV and Parquet: packed CSV, Excel, SAS, SPSS and Stata."""

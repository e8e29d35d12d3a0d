"""The reference tables: which there are, what they state, and the distributions behind them."""

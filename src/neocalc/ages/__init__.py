"""The age of an infant, and the policy that says when it is corrected."""

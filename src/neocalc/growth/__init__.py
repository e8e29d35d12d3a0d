"""Growth of one visit: z-scores and back, chart lines, size at birth."""

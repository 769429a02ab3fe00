"""Ways to do the inner jobs of the engine, each group with today's first."""

"""Image graph to plan: what is kept and why, the rewritten documents, the exact steps. Pure functions."""

"""Prove filtered archives against the real engines that import them."""

"""Layers, looked into as they are unpacked (`--deep`): the tar, its paths, and the program that an image starts."""

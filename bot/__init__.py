"""Paperboy: each day's papers, ranked against your interests, delivered once."""

__version__ = "0.1.0"

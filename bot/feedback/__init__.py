"""Readers' answers to papers, and what follows from them for a profile."""

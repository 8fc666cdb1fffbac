"""The whole command, from its arguments to what arrives: files, local servers, real SQLite."""

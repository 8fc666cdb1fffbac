"""The composition root: the only room that names the concrete classes and connects them, as the settings say."""

"""Menus, commands and the App Home in Slack, over Socket Mode."""

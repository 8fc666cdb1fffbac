"""Mail: a digest as a message to one address.

One room each for the server's address, the session with it, and the channel. The message itself is bot.letter's.
"""

from bot.channels.mail._channel import NOT_CONFIGURED, TIMEOUT, MailChannel
from bot.config.smtp_url import SmtpSettings, Tls, parse_smtp_url

__all__ = ["NOT_CONFIGURED", "TIMEOUT", "MailChannel", "SmtpSettings", "Tls", "parse_smtp_url"]

"""Replies: mails that answer what somebody did, rendered like an issue and handed to the provider."""

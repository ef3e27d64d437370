"""Replies: mails that answer what somebody did, rendered and handed over."""

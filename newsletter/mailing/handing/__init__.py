"""Handing over: claim a batch, screen, mark it, commit; call; record what was said."""

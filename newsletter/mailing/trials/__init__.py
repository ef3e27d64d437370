"""Subjects tried on a part of the audience, and the winner for the rest."""

"""What becomes of the unknown: asked of the provider, told by events, or said by a person."""

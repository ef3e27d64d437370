"""Who brings the steps: threads in this process, or workers on many machines."""
